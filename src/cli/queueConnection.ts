import * as E from '../core/either.js'
import * as Problem from '../core/problem.js'
import { mapArgument, textArgument } from './option.js'

/** URL of a Redis server; `env:NAME` reads it from an environment variable, to hide a password. */
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
