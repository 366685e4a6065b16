/**
 * Two objectives of one's own, property-tested of objectives. The first, pseudo-Huber, is right. The second means to let
 * far rows count less, and stops the gradient at the wrong place: it is caught, and the case is printed as code.
 */
import fc from 'fast-check'
import { Objective, Score, NoiseLevels } from 'ornstein'
import { add, div, mean, sqrt, square, stopGradient, sub, sum } from 'ornstein/float64'
import * as laws from 'ornstein/laws'

const pseudoHuber = Objective.custom('pseudo-Huber', NoiseLevels.at(0.3), ({ score, target }) =>
  mean(sub(sqrt(add(square(sub(score, target)), 1)), 1), 1)
)

const discounted = Objective.custom('discounted', NoiseLevels.at(0.3), ({ score, target }) => {
  const error = sum(square(sub(score, target)), 1)
  return div(error, stopGradient(add(error, 1))) // the discount depends on the parameters too
})

for (const objective of [pseudoHuber, discounted]) {
  console.log(Objective.show(objective))
  for (const { name, statement, property } of laws.objective(objective, Score.spherical({ components: 3 }))) {
    const verdict = fc.check(property, { seed: 7, numRuns: 8 })
    console.log(`  ${verdict.failed ? '✗' : '✓'} ${name}`)
    if (verdict.failed) {
      console.log(`    ${statement}`)
      console.log(`${fc.stringify(verdict.counterexample)}\n${String(verdict.errorInstance)}`.replaceAll(/^/gm, '    '))
    }
  }
}
