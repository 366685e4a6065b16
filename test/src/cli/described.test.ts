/** What is made of the command line's description of itself, and of the vocabulary: completion, manual, schema, a first pipeline. */
import { execFileSync, spawnSync } from 'node:child_process'
import { afterAll, describe, expect, it } from 'vitest'
import { page } from '../../../src/cli/man.js'
import { schemaOf } from '../../../src/cli/commands/new.js'
import { described } from '../../../src/cli/option.js'
import { commands } from '../../../src/cli/usage.js'
import { vocabulary } from '../../../src/cli/glossary.js'
import { Case, Vocabulary } from '../../../src/index.js'
import { place } from './harness.js'

const here = place()
const { ornstein } = here
afterAll(here.remove)

const switches = commands.flatMap(command => command.switches)

describe('completion', () => {
  it.each(['bash', 'zsh', 'fish'])('of %s knows every command and every option', async shell => {
    const { exit, stdout } = await ornstein(`completion ${shell}`)
    expect(exit).toBe(0)
    for (const { name } of commands) expect(stdout).toMatch(new RegExp(`\\b${name}\\b`))
    for (const name of switches.flatMap(({ names }) => names))
      expect(stdout).toContain(shell !== 'fish' ? name : name.replace(/^--/, '-l ').replace(/^-(?=\w$)/, '-s '))
  })

  /** What a shell offers after what is typed, by the script that is printed for it; each asks its own machinery. */
  const shells: Readonly<Record<string, (script: string, line: string) => string>> = {
    bash: (script, line) => {
      const typed = line.split(' ')
      const asked =
        `source ${script}; COMP_WORDS=(${typed.map(word => `'${word}'`).join(' ')}); ` +
        `COMP_CWORD=${typed.length - 1}; _ornstein; printf '%s\\n' "\${COMPREPLY[@]}"`
      return execFileSync('bash', ['-c', asked], { encoding: 'utf8', cwd: here.at('') })
    },
    fish: (script, line) =>
      execFileSync('fish', ['--no-config', '-c', `source ${script}; complete -C '${line}'`], {
        encoding: 'utf8',
        cwd: here.at('')
      }).replaceAll(/\t.*/g, ''),
    // In a terminal of its own: what is offered goes to a file, and so does the key after that which asks for it.
    zsh: (script, line) => {
      here.write(
        'asked.zsh',
        `autoload -Uz compinit; compinit -D; source ${script}
        compadd() {
          builtin compadd "$@"; local result=$?
          [[ \${@[1,(i)(-|--)]} == *-(O|A|D)* ]] && return $result
          local -a found; builtin compadd -A found "$@"; print -rl -- $found >> offered; return $result
        }
        ended() { print ENDED >> offered }
        zle -N ended; bindkey '^G' ended; bindkey '^I' complete-word`
      )
      const asked = `zmodload zsh/zpty; zpty z zsh -f -i; zpty -w z 'source asked.zsh'
        zpty -n -w z '${line}'$'\\t\\x07'
        for i in {1..500}; do sleep 0.02; zpty -r -t z got; grep -q ENDED offered 2>/dev/null && break; done
        cat offered; rm offered`
      return execFileSync('zsh', ['-f', '-c', asked], { encoding: 'utf8', cwd: here.at('') }).replace('ENDED', '')
    }
  }

  it.each(Object.keys(shells))('completes in %s', async shell => {
    const mayLack = process.env.CI === undefined || process.env.SHELLS === 'none'
    if (mayLack && spawnSync(shell, ['-c', 'true']).status !== 0) return
    here.write(`completion.${shell}`, (await ornstein(`completion ${shell}`)).stdout)
    here.write('rows.csv', '')
    const completed = (line: string): ReadonlyArray<string> =>
      shells[shell](here.at(`completion.${shell}`), line)
        .split('\n')
        .filter(word => word !== '')
        .sort()
    expect(completed('ornstein ev')).toEqual(['evaluate'])
    expect(completed('ornstein fit --rec')).toEqual(['--recipe'])
    expect(completed('ornstein fit --recipe tw')).toEqual(['two-stage'])
    expect(completed('ornstein fit --criterion ')).toEqual(['aic', 'bic', 'crossValidated', 'icl'])
    expect(completed('ornstein fit rows.csv --seed ')).toEqual([])
    expect(completed('ornstein fit ro')).toEqual(['rows.csv'])
    expect(completed('ornstein evaluate model.json --responsibilities ro')).toEqual(['rows.csv'])
    expect(completed('ornstein list opt')).toEqual(['optimizer'])
    expect(completed('ornstein help sch')).toEqual(['schema'])
    expect(completed('ornstein completion ')).toEqual(['bash', 'fish', 'zsh'])
    // Before the comma stands what was chosen: it is part of the word in some shells.
    const after = completed('ornstein fit --family full,iso').map(word => word.replace(/^full,/, ''))
    expect(after).toEqual(['isotropic'])
  })

  it('offers values that are taken', async () => {
    const needed: Readonly<Record<string, string>> = { predict: ' --target x', classify: ' --labels x' }
    let met = 0
    for (const { name, switches } of commands)
      for (const { names, offer } of switches) {
        if (offer?._tag !== 'Words') continue
        for (const word of await offer.words()) {
          met += 1
          const flag = names.at(-1) ?? ''
          const recipe = flag === '--compare' && word === 'em' ? 'annealed' : 'em'
          const line =
            name === 'fit'
              ? `fit @none.csv ${flag === '--recipe' || word === 'em' ? '' : `--recipe ${recipe}`} ${flag} ${word}`
              : `${name} @none.json @none.json @none.csv ${flag} ${word}${needed[name] ?? ''}`
          const operands = commands.find(one => one.name === name)?.operands.length ?? 0
          const words = line.split(' ').filter((_, i) => i === 0 || i > 3 || i <= operands || name === 'fit')
          // A file that is not there: what is wrong is told of it, and not of the option.
          const { stderr } = await ornstein(
            `${words.join(' ')}${['npz', 'safetensors'].includes(word) ? ` --out @model.${word}` : ''}`
          )
          expect(stderr, line).toMatch(/^error: [A-Z]+: none\.(csv|json) is not a file that exists/)
        }
      }
    expect(met).toBeGreaterThan(40)
  })

  it('of another shell is refused', async () => {
    expect(await ornstein('completion tcsh')).toEqual({
      exit: 2,
      stdout: '',
      stderr: 'error: SHELL: tcsh is not one of bash, zsh, fish; name your shell; echo $SHELL prints it\n'
    })
  })
})

it('the manual tells of every command, option, argument and exit code', () => {
  const text = page('1.2.3')
  const plain = text.replaceAll('\\-', '-')
  expect(plain).toContain('"ornstein 1.2.3"')
  for (const { description, operands } of commands)
    for (const about of [description, ...operands.map(({ about }) => about)]) expect(plain).toContain(about)
  for (const one of switches) expect(plain).toContain(`.B ${one.flags}\n${described(one)}`)
  for (const code of [0, 1, 2, 130, 143]) expect(plain).toContain(`.B ${code}\n`)
  // A line that begins so would be a request of the language.
  expect(text).not.toMatch(/^'/m)
})

describe('the help', () => {
  const all = commands.flatMap(({ name, summary, description, operands, switches }) => [
    ...[summary, description].map(text => [name, text] as const),
    ...operands.map(one => [`${name} ${one.name}`, one.about] as const),
    ...switches.map(one => [`${name} ${one.flags}`, described(one)] as const)
  ])

  it('has the words of the field, and none of the house', () => {
    const house =
      /\b((?<!time-)laws?|tells?|anew|polished|settled?|spread|belief|doubts?|to the bit|by itself|(?<!-)(?<!split-and-merge )moves|now and then|found out|words? of (your|its) own|stand still|in turn)\b/
    expect(all.length).toBeGreaterThan(100)
    expect(all.filter(([, text]) => house.test(text))).toEqual([])
  })

  it('has one idea a sentence, of 25 words at the most', () => {
    const sentences = all.flatMap(([of, text]) => text.split(/[.:;] (?=\D)/).map(sentence => [of, sentence] as const))
    expect(sentences.filter(([, sentence]) => sentence.split(/\s+/).length > 25)).toEqual([])
  })
})

describe('a first pipeline', () => {
  it('is written beside its schema, read, explained and run', async () => {
    const { exit, stdout } = await ornstein('new @pipeline.json')
    expect([exit, stdout.slice(0, 44)]).toEqual([0, 'Wrote pipeline.json and ornstein.schema.json'])
    expect(JSON.parse(here.read('pipeline.json'))).toMatchObject({ $schema: './ornstein.schema.json' })
    expect(JSON.parse(here.read('ornstein.schema.json'))).toEqual(JSON.parse((await ornstein('schema')).stdout))
    expect((await ornstein('explain @pipeline.json')).exit).toBe(0)
    const { stdout: found } = await ornstein('fit %faithful.csv --standardize --pipeline @pipeline.json')
    expect(found).toMatch(/^Learned 2 isotropic Gaussians/)
  })

  it('is not written over', async () => {
    here.write('mine.json', 'mine')
    expect(await ornstein('new @mine.json')).toEqual({
      exit: 2,
      stdout: '',
      stderr: 'error: FILE: mine.json is not a new file; choose another name, or remove it first\n'
    })
    expect(here.read('mine.json')).toBe('mine')
  })
})

interface Form {
  readonly properties: Readonly<Record<string, { readonly description?: string; readonly default?: unknown }>>
  readonly required?: ReadonlyArray<string>
}
interface Schema {
  readonly definitions: Readonly<
    Record<
      string,
      {
        readonly properties: { readonly _tag: { readonly enum: ReadonlyArray<string> } }
        readonly allOf: ReadonlyArray<{
          readonly if: { readonly properties: { readonly _tag: { readonly const: string } } }
          readonly then: Form
        }>
      }
    >
  >
}

it('the schema has each word of the vocabulary, with the fields that its JSON has', () => {
  const { definitions } = schemaOf(Vocabulary.standard) as unknown as Schema
  const examples = vocabulary.flatMap(({ words }) => words.map(({ example }) => example)).filter(Case.isValue)
  const met = new Set<string>()
  for (const example of examples) {
    const { concept, fields } = Case.caseOf(example)
    if (Object.values(fields).some(({ code }) => code)) continue
    const { _tag, ...json } = Case.encode(example) as Record<string, unknown>
    met.add(`${concept}.${String(_tag)}`)
    expect(definitions[concept].properties._tag.enum).toContain(_tag)
    const form = definitions[concept].allOf.find(one => one.if.properties._tag.const === _tag)?.then
    expect(Object.keys(form?.properties ?? {}).sort()).toEqual(Object.keys(json).sort())
    for (const name of form?.required ?? []) expect(json).toHaveProperty(name)
  }
  const all = Object.entries(definitions).flatMap(([concept, { properties }]) =>
    properties._tag.enum.map(name => `${concept}.${name}`)
  )
  // A pipeline's own words stand at the top, and are no word of another.
  expect(all.filter(name => !met.has(name) && !name.startsWith('Pipeline.'))).toEqual([])
  expect(met.size).toBeGreaterThan(80)
})
