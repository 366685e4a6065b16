/** Where a queue is, as the command line has it. */
import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { mapArgument, textArgument } from './option.js'

/** A URL; `env:NAME` is what the environment's NAME holds, so that a password stands in no list of processes. */
export const connectionArgument = mapArgument(textArgument('url'), (text, _, option) => {
  const name = /^env:(\w+)$/.exec(text)?.[1]
  const url = name === undefined ? text : (process.env[name] ?? '')
  return /^rediss?:\/\/./.test(url)
    ? E.right(url)
    : E.left([
        Problem.of(
          option,
          name === undefined ? text : `${text} (${url === '' ? 'not set' : 'another'})`,
          'the URL of a queue',
          'try redis://127.0.0.1:6379, rediss:// for TLS, or env:NAME for a URL in the environment'
        )
      ])
})
