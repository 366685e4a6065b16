/**
 * What a case promises, on a concept that has nothing to do with mathematics: from its fields follow constructor, printer,
 * checks, JSON, words and examples at random.
 */
import * as fc from 'fast-check'
import * as E from 'fp-ts/lib/Either.js'
import { describe, expect, it } from 'vitest'
import { Case, concept, Field, Problem, Vocabulary } from '../../../src/core/index.js'
import { isLeft } from '../../../src/core/either.js'

/** A dish: how long it takes to make. */
type Dish = Case.Value<'Dish', number>
const dishes = concept<Dish>('Dish', 'what can be made, and how long it takes')

const bread = Case.define('Dish', { name: 'bread', about: 'flour and water', meaning: () => 60 })
const soup = Case.define('Dish', {
  name: 'soup',
  about: 'what there is, boiled',
  fields: {
    minutes: Field.count({ default: 30, least: 5 }),
    salt: Field.positive({ suggestion: 0.01 }),
    style: Field.oneOf(['clear', 'thick']),
    note: Field.optional(Field.text({ remedy: 'leave it out' }))
  },
  check: ({ minutes, style }) =>
    Problem.unless(style !== 'thick' || minutes >= 10, 'minutes', minutes, '≥ 10 for a thick one', 'try 10'),
  formula: ({ minutes }) => `boil for ${minutes} min`,
  meaning: ({ minutes }) => minutes
})
const menu = Case.define('Dish', {
  name: 'menu',
  about: 'one after another',
  fields: { dishes: Field.list(dishes) },
  call: ['...dishes'],
  meaning: ({ dishes }) => dishes.reduce((sum, dish) => sum + Case.meaning(dish), 0)
})
const table = Case.define('Dish', {
  name: 'table',
  about: 'dishes by who eats them',
  fields: { of: Field.dictionary(Field.of(dishes)), tip: Field.record({ share: Field.fraction({ suggestion: 0.1 }) }) },
  meaning: ({ of }) => Math.max(...Object.values(of).map(Case.meaning))
})
const twice = Case.define('Dish', {
  name: 'twice',
  about: 'the same again',
  fields: { pause: Field.notNegative({ default: 0 }), dish: Field.of(dishes) },
  call: ['pause'],
  on: 'dish',
  meaning: ({ pause, dish }) => 2 * Case.meaning(dish) + pause
})
const cooked = Case.define('Dish', {
  name: 'cooked',
  about: 'by a function of one’s own',
  fields: { name: Field.text({ remedy: 'give it a name' }), minutes: Field.code((): number => 1) },
  call: ['name', 'minutes'],
  meaning: ({ minutes }) => minutes()
})

const vocabulary = Vocabulary.of([bread, soup, menu, table, twice])
const decode = Vocabulary.decodeDescription(vocabulary)(dishes)
const written = (value: Dish): unknown => JSON.parse(JSON.stringify(Case.encode(value)))
const wrong = (json: unknown): ReadonlyArray<string> => {
  const read = decode(json)
  return isLeft(read) ? read.left.map(Problem.show) : []
}

const supper = menu(bread, soup({ salt: 0.02 }), twice(5)(soup({ salt: 0.01, minutes: 7 })))
const feast = table({ of: { me: bread, 'the cat': supper }, tip: { share: 0.1 } })

/** What types would refuse, as it comes from JavaScript. */
const untyped = (json: string): never => JSON.parse(json) as never

describe('a constructor', () => {
  it('fills in what has a default, and freezes what it makes', () => {
    const made = soup({ salt: 0.02 })
    expect({ ...made, [Case.ofCase]: null }).toEqual({
      _tag: 'soup',
      minutes: 30,
      salt: 0.02,
      style: 'clear',
      note: null,
      [Case.ofCase]: null
    })
    expect([made, supper, supper.dishes, feast.of, feast.tip].every(Object.isFrozen)).toBe(true)
  })

  it('takes parts one by one, and the last by itself', () => {
    expect(menu(bread, bread).dishes).toEqual([bread, bread])
    expect(twice(5)(bread)).toMatchObject({ pause: 5, dish: bread })
  })

  it.each<readonly [string, () => unknown, string]>([
    [
      'an option that is none',
      () => soup(Object.assign({ salt: 1 }, { minute: 3 })),
      'Dish.soup: minute is not a field; use minutes'
    ],
    [
      'a field of another kind',
      () => soup(untyped('{ "salt": "much" }')),
      'Dish.soup: salt: "much" is not > 0 and finite'
    ],
    [
      'no record of options',
      () => soup(untyped('3')),
      'Dish.soup: 3 is not a record of options; write Dish.soup({ minutes, salt'
    ],
    [
      'what is no dish',
      () => menu(untyped('{ "_tag": "bread" }')),
      'is not a list, each a Dish; use a constructor of Dish'
    ]
  ])('refuses %s', (_, make, message) => {
    expect(make).toThrow(RangeError)
    expect(make).toThrow(message)
  })
})

describe('a description', () => {
  it('is printed as the code that builds it', () => {
    expect(Case.show(supper)).toBe(
      "Dish.menu(Dish.bread, Dish.soup({ minutes: 30, salt: 0.02, style: 'clear' }), " +
        "Dish.twice(5)(Dish.soup({ minutes: 7, salt: 0.01, style: 'clear' })))"
    )
    expect(Case.show(feast)).toContain("Dish.table({ of: { me: Dish.bread, 'the cat': Dish.menu(")
    expect(Case.show(cooked('steak', () => 8))).toBe('Dish.cooked("steak", …)')
  })

  it('has the meaning of its case, taken once of each', () => {
    expect([bread, supper, feast].map(Case.meaning)).toEqual([60, 60 + 30 + 14 + 5, 109])
    let taken = 0
    const counted = Case.define('Dish', {
      name: 'counted',
      about: 'counts',
      fields: { n: Field.count({ default: 1 }) },
      meaning: ({ n }) => (taken += n)
    })
    const one = counted()
    expect([Case.meaning(one), Case.meaning(one), Case.meaning({ ...one })]).toEqual([1, 1, 2])
  })

  it('has its formula, or is its own', () => {
    expect(Case.formula(soup({ salt: 1 }))).toBe('boil for 30 min')
    expect(Case.formula(bread)).toBe('Dish.bread')
  })

  it('says where its parts stand', () => {
    expect(Case.placedDescriptions(feast).map(({ path, value }) => [path, value._tag])).toEqual([
      ['', 'table'],
      ['of.me', 'bread'],
      ['of.the cat', 'menu'],
      ['of.the cat.dishes[0]', 'bread'],
      ['of.the cat.dishes[1]', 'soup'],
      ['of.the cat.dishes[2]', 'twice'],
      ['of.the cat.dishes[2].dish', 'soup']
    ])
    expect(Case.innerDescriptions(supper).map(({ path }) => path)).toEqual(['dishes[0]', 'dishes[1]', 'dishes[2]'])
  })

  it('is made anew with other parts, and is of its case still', () => {
    const vegan = Case.mapInner(() => bread)(feast)
    expect(Case.show(vegan)).toBe("Dish.table({ of: { me: Dish.bread, 'the cat': Dish.bread }, tip: { share: 0.1 } })")
    expect(Object.isFrozen(vegan)).toBe(true)
    expect(Case.meaning(Case.changed({ minutes: 9 })(soup({ salt: 1 })))).toBe(9)
  })

  it('keeps its case in a spread, and says that a copy by JSON has lost it', () => {
    const salted = { ...soup({ salt: 1 }), minutes: 12 }
    expect(Case.meaning(salted)).toBe(12)
    const copy = written(bread) as Dish
    expect(Case.isSound(copy)).toBe(false)
    expect(Case.problems(copy).map(Problem.show)).toEqual([
      ': {"_tag":"bread"} is not a description: as a copy it has lost its case; build it by its constructor, or read JSON by the codec of its concept'
    ])
    expect(() => Case.meaning(copy)).toThrow('it has lost its case')
  })

  it('is told from others by its case, not by its tag', () => {
    const other = Case.define('Dish', { name: 'bread', about: 'of another bakery', meaning: () => 1 })
    expect([bread, other].map(Case.isMadeBy(bread))).toEqual([true, false])
    expect(dishes.is(other)).toBe(true)
    expect(dishes.is(Case.define('Drink', { name: 'tea', about: 'leaves', meaning: () => 4 }))).toBe(false)
  })
})

describe('problems', () => {
  const shown = (value: Dish): ReadonlyArray<string> => Case.problems(value).map(Problem.show)

  it('are none of what is right', () => {
    expect([bread, supper, feast].flatMap(shown)).toEqual([])
  })

  it('are all said at once, each with where it stands', () => {
    const bad = table({
      of: { me: menu(soup({ salt: -1, minutes: 4 }), soup({ salt: 1, style: 'thick', minutes: 6 })) },
      tip: { share: 2 }
    })
    expect(shown(bad)).toEqual([
      'tip.share: 2 is not in [0, 1); try 0.1',
      'of.me.dishes[0].minutes: 4 is not a whole number ≥ 5; try 30',
      'of.me.dishes[0].salt: -1 is not > 0 and finite; try 0.01',
      'of.me.dishes[1].minutes: 6 is not ≥ 10 for a thick one; try 10'
    ])
  })

  it('between fields are looked for where each is right', () => {
    expect(shown(soup({ salt: NaN, style: 'thick', minutes: 6 }))).toEqual([
      'salt: NaN is not > 0 and finite; try 0.01'
    ])
  })

  it('are those of a tag that was changed, and of what is too deep to be read', () => {
    expect(shown({ ...bread, _tag: 'cake' })).toEqual([
      "_tag: cake is not 'bread', its case; build it by its constructor"
    ])
    const nested = (depth: number): Dish => Array.from({ length: depth }).reduce<Dish>(inner => twice(0)(inner), bread)
    expect(shown(nested(Case.MAX_CASE_DEPTH))).toEqual([])
    expect(shown(nested(Case.MAX_CASE_DEPTH + 1)).join()).toContain('501 levels is not at most 500 levels deep')
  })
})

describe('JSON', () => {
  it('of anything at random is read back, printed alike, and has no problems', () => {
    fc.assert(
      fc.property(Vocabulary.arbitrary(fc, vocabulary)(dishes), value => {
        expect(Case.problems(value)).toEqual([])
        const read = decode(written(value))
        expect(read).toEqual(E.right(value))
        expect(E.map(Case.show)(read)).toEqual(E.right(Case.show(value)))
      })
    )
  })

  it('takes defaults where nothing is given', () => {
    expect(decode({ _tag: 'soup', salt: 1 })).toEqual(E.right(soup({ salt: 1 })))
  })

  it.each<readonly [unknown, ReadonlyArray<string>]>([
    [3, ["Dish: 3 is not a Dish; write { \"_tag\": … }, one of 'bread', 'soup', 'menu', 'table', 'twice'"]],
    [[], ["Dish: [] is not a Dish; write { \"_tag\": … }, one of 'bread', 'soup', 'menu', 'table', 'twice'"]],
    [
      { _tag: 'soop' },
      [
        '_tag: "soop" is not the name of a Dish; ' +
          "use one of 'soup', 'menu', 'bread', 'table', 'twice', or add your own case to the vocabulary"
      ]
    ],
    [{ _tag: 'bread', loud: true }, ['loud: true is not a field of Dish.bread; it has none']],
    [
      { _tag: 'soup', sallt: 1, salt: '1', style: 'thik' },
      [
        "sallt: 1 is not a field of Dish.soup; use one of 'salt', 'style', 'note', 'minutes'",
        'salt: "1" is not > 0 and finite; try 0.01',
        "style: \"thik\" is not one of 'clear', 'thick'; try 'thick'"
      ]
    ],
    [{ _tag: 'soup' }, ['salt: missing is not > 0 and finite; try 0.01']],
    [{ _tag: 'menu', dishes: 1 }, ['dishes: 1 is not a list, each a Dish; write [ … ]']],
    [
      { _tag: 'menu', dishes: [{ _tag: 'twice', dish: { _tag: 'bread', x: 1 } }] },
      ['dishes[0].dish.x: 1 is not a field of Dish.bread; it has none']
    ],
    [
      { _tag: 'table', of: [], tip: [] },
      ['of: [] is not a record, each a Dish; write { … }', 'tip: [] is not { share }; give each of them']
    ],
    [{ _tag: 'table', of: {}, tip: { share: 0.5, shore: 1 } }, ['tip.shore: 1 is not a known field; use one of share']]
  ])('%j is refused with what to do', (json, problems) => {
    expect(wrong(json)).toEqual(problems)
  })

  it('has numbers that JSON has not', () => {
    const any = Case.define('Dish', {
      name: 'any',
      about: 'any number',
      fields: { x: Field.number({ holds: () => true, domain: 'a number', suggestion: 1, arbitrary: f => f.double() }) },
      meaning: ({ x }) => x
    })
    const read = Vocabulary.decodeDescription(Vocabulary.of([any]))(dishes)
    for (const x of [0, -0, NaN, Infinity, -Infinity, 5e-324, 0.1])
      expect(read(written(any({ x })))).toEqual(E.right(any({ x })))
  })

  it('knows code by its name in the vocabulary alone', () => {
    const steak = cooked('steak', () => 8)
    const json = written(steak)
    expect(json).toEqual({ _tag: 'cooked', name: 'steak' })
    const knowing = Vocabulary.extend(vocabulary, [steak])
    expect(Vocabulary.decodeDescription(knowing)(dishes)(json)).toEqual(E.right(steak))
    expect(wrong(json).join()).toContain('"cooked" is not the name of a Dish')
    const unnamed = Vocabulary.decodeDescription(Vocabulary.extend(vocabulary, [cooked]))(dishes)(json)
    expect(isLeft(unnamed) && Problem.show(unnamed.left[0])).toBe(
      'Dish: Dish.cooked("steak") is not in the vocabulary, and code does not survive JSON; ' +
        'give it to Vocabulary.extend, or define a case of Dish'
    )
  })

  it('in a file has its version', () => {
    const read = Vocabulary.read(vocabulary)(dishes)
    expect(read(JSON.parse(JSON.stringify(Vocabulary.write(supper))))).toEqual(E.right(supper))
    const remedies = [3, 1, undefined].map(version => {
      const refused = read({ version, value: written(supper) })
      return isLeft(refused) ? refused.left[0].remedy : null
    })
    expect(remedies).toEqual(['install a newer ornstein', 'write the file again', 'write the file again'])
  })
})

describe('a vocabulary', () => {
  it('refuses a second case of a name, and takes the same one again', () => {
    const other = Case.define('Dish', { name: 'bread', about: 'of another bakery', meaning: () => 1 })
    expect(() => Vocabulary.extend(vocabulary, [other])).toThrow(
      'Dish.bread: it is not a new word; give your case another name'
    )
    expect(Vocabulary.extend(vocabulary, [bread])).toEqual(vocabulary)
  })

  it('lists its words, each with an example that is right', () => {
    const words = Vocabulary.words(vocabulary)(dishes)
    expect(words.map(({ name, code }) => [name, code])).toEqual([
      ['Dish.bread', 'Dish.bread'],
      ['Dish.soup', "Dish.soup({ minutes: 30, salt: 0.01, style: 'clear' })"],
      ['Dish.menu', 'Dish.menu(Dish.bread)'],
      ['Dish.table', 'Dish.table({ of: { means: Dish.bread }, tip: { share: 0.1 } })'],
      ['Dish.twice', 'Dish.twice(0)(Dish.bread)']
    ])
    expect(words.flatMap(({ example }) => Case.problems(example))).toEqual([])
    expect(words[1].fields).toContainEqual({ name: 'salt', domain: '> 0 and finite', default: null })
    expect(words[1].fields).toContainEqual({ name: 'minutes', domain: 'a whole number ≥ 5', default: '30' })
    expect(Vocabulary.markdown(vocabulary)(dishes).split('\n')[2]).toBe('| `Dish.bread` | flour and water |  |')
  })

  it('draws every case', () => {
    const drawn = fc.sample(Vocabulary.arbitrary(fc, vocabulary)(dishes), 200)
    expect(new Set(drawn.map(({ _tag }) => _tag))).toEqual(new Set(['bread', 'soup', 'menu', 'table', 'twice']))
  })
})
