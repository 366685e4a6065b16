/** `ornstein new` and `ornstein schema`: a pipeline to edit, and its JSON schema for editors. */
import { hasCode } from '../../core/record.js'
import * as TE from 'fp-ts/lib/TaskEither.js'
import { pipe } from 'fp-ts/lib/function.js'
import {
  type Case,
  Initializer,
  Objective,
  Optimizer,
  Pipeline,
  Problem,
  Rate,
  Schedule,
  Score,
  Stage,
  NoiseLevels,
  Vocabulary
} from '../../index.js'
import { shellQuoted } from '../../fit/text.js'
import * as words from '../customVocabulary.js'
import { usageFailure, type CommandFailure, type World } from '../world.js'

type JsonRecord = Readonly<Record<string, unknown>>
type SchemaCase = Case.Case<string, unknown>
type AnyField = SchemaCase['fields'][string]

const reference = (concept: string): JsonRecord => ({ $ref: `#/definitions/${concept}` })

/** Schema of a field's JSON; `ornstein explain` checks further constraints. */
const fieldSchema = (field: AnyField): JsonRecord => {
  const isOpen = field.fallback._tag === 'Some'
  const default_ = isOpen && !field.code ? field.encode(field.fallback.value, []) : undefined
  const isPlain = ['number', 'string', 'boolean'].includes(typeof default_) || default_ === null
  const description = { description: field.domain, ...(isPlain && { default: default_ }) }
  const nested = field.nestedJson({}).at(0)
  const listed = field.nestedJson([{}]).at(0)
  const named = field.nestedJson({ mine: {} }).at(0)
  // A nested description may be omitted or short: a number for a constant rate.
  return nested?.at === ''
    ? { ...description, anyOf: [reference(nested.concept), { type: ['null', 'number', 'string', 'boolean', 'array'] }] }
    : listed !== undefined
      ? { ...description, type: isOpen ? ['array', 'null'] : 'array', items: reference(listed.concept) }
      : named !== undefined
        ? { ...description, type: ['object', 'null'], additionalProperties: reference(named.concept) }
        : description
}

/** Schema of the fields of a case, without its tag. */
const caseSchema = ({ about, fields }: SchemaCase): JsonRecord => {
  const all = Object.entries(fields)
  const needed = all.filter(([, field]) => field.fallback._tag !== 'Some').map(([name]) => name)
  return {
    description: about,
    properties: Object.fromEntries(all.map(([name, field]) => [name, fieldSchema(field)])),
    ...(needed.length > 0 && { required: needed })
  }
}

/** Returns the JSON schema (draft 7, as editors support) of a vocabulary's pipelines. */
export const schemaOf = (vocabulary: Vocabulary.Vocabulary): JsonRecord => {
  const cases = [...vocabulary.cases.values()].filter(one => !hasCode(one))
  const concepts = [...new Set([...vocabulary.cases.values()].map(({ concept }) => concept))]
  const whole = cases.find(({ concept, name }) => concept === Pipeline.concept.name && name === 'of')
  const definitions = concepts.map(concept => {
    const conceptCases = cases.filter(one => one.concept === concept)
    return [
      concept,
      {
        type: 'object',
        required: ['_tag'],
        properties: {
          _tag: {
            type: 'string',
            enum: conceptCases.map(({ name }) => name),
            enumDescriptions: conceptCases.map(({ about }) => about)
          }
        },
        allOf: conceptCases.map(one => ({ if: { properties: { _tag: { const: one.name } } }, then: caseSchema(one) }))
      }
    ] as const
  })
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'A pipeline of ornstein',
    type: 'object',
    ...(whole !== undefined && caseSchema(whole)),
    definitions: Object.fromEntries(definitions)
  }
}

/** Descent on the DDPM objective at high noise, then at low noise, then expectation–maximization. */
const examplePipeline = Pipeline.of<string>({
  schedule: Schedule.ornsteinUhlenbeck,
  score: Score.isotropic({ components: 2 }),
  initializer: Initializer.kMeansPlusPlus,
  stages: [
    Stage.descend({
      objective: Objective.denoising(NoiseLevels.at(0.5)),
      optimizer: Optimizer.adam({ rate: Rate.cosine({ rate: 0.05, steps: 150, warmUp: 0, final: 0.0005 }) }),
      steps: 150
    }),
    Stage.descend({
      objective: Objective.denoising(NoiseLevels.at(0.1)),
      optimizer: Optimizer.adam({ rate: 0.01 }),
      steps: 300
    }),
    Stage.expectationMaximization({ steps: 200, relativeChange: 1e-6 })
  ]
})

const printedJson = (json: unknown): string => `${JSON.stringify(json, null, 2)}\n`
const SCHEMA_FILE_NAME = 'ornstein.schema.json'

const examplePipelineText = (schema: string | null): string => {
  const json = Pipeline.codec(Vocabulary.standard).encode(examplePipeline)
  // A pipeline is encoded as an object.
  return printedJson({ ...(schema !== null && { $schema: schema }), ...(json as JsonRecord) })
}

/** Runs `ornstein schema`. */
export const runSchema =
  (flags: words.VocabularyFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> =>
    pipe(
      words.customVocabulary(world, flags),
      TE.flatMapTask(vocabulary => world.stdout(printedJson(schemaOf(vocabulary))))
    )

/** Runs `ornstein new`. */
export const runNew =
  (file: string, flags: words.VocabularyFlags) =>
  (world: World): TE.TaskEither<CommandFailure, void> => {
    if (file === '-') return TE.fromTask(world.stdout(examplePipelineText(null)))
    const schemaPath = file.replace(/[^/\\]*$/, SCHEMA_FILE_NAME)
    return pipe(
      TE.fromTask<boolean, CommandFailure>(world.exists(file)),
      TE.filterOrElse(
        isThere => !isThere,
        () => usageFailure(Problem.of('FILE', file, 'a new file', 'choose another name, or remove it first'))
      ),
      TE.flatMap(() => words.customVocabulary(world, flags)),
      TE.flatMap(vocabulary =>
        world.writeFiles([
          { option: 'FILE', path: file, text: examplePipelineText(`./${SCHEMA_FILE_NAME}`) },
          // An existing schema is overwritten: it is not meant to be edited.
          { option: 'FILE', path: schemaPath, text: printedJson(schemaOf(vocabulary)) }
        ])
      ),
      TE.flatMapTask(() =>
        world.stdout(
          `Wrote ${file} and ${schemaPath}, from which your editor completes it. Next: ornstein explain ${shellQuoted(file)}, ` +
            `or ornstein fit FILE --standardize --pipeline ${shellQuoted(file)}\n`
        )
      )
    )
  }
