import * as Limits from '../core/limits.js'
import { type StageRun } from '../report/findings.js'

/** Values of a stage, one per step; every second, fourth, … if there are too many for a report. */
export class History {
  private values: number[] = []
  private taken = 0
  private every = 1

  static of({ taken, values, every }: Pick<StageRun, 'taken' | 'values' | 'every'>): History {
    const history = new History()
    history.taken = taken
    history.values = [...values]
    history.every = every
    return history
  }

  add(value: number): void {
    if (this.taken++ % this.every === 0) this.values.push(value)
    if (this.values.length <= Limits.maxValues) return
    this.values = this.values.filter((_, i) => i % 2 === 0)
    this.every *= 2
  }

  summary(): Pick<StageRun, 'taken' | 'values' | 'every'> {
    return { taken: this.taken, values: this.values, every: this.every }
  }
}
