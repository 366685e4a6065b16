/**
 * Losses of students of variance 1 on the line, by their formulas and the trapezoidal rule, which is right to rounding for what falls as a Gaussian
 * does; derivatives by differences of fourth order. Nothing of the library's.
 */

type Line = ReadonlyArray<number>

const STEP = 0.02
const h = 1e-2

/** log p and its slope of a mixture of equal weights. */
const at = (x: number, means: Line, variances: Line): { readonly log: number; readonly score: number } => {
  const logs = means.map((m, k) => -((x - m) ** 2) / (2 * variances[k]) - Math.log(2 * Math.PI * variances[k]) / 2)
  const most = Math.max(...logs)
  const shares = logs.map(log => Math.exp(log - most))
  const total = shares.reduce((a, b) => a + b)
  const score = shares.reduce((sum, share, k) => sum + (share / total) * ((means[k] - x) / variances[k]), 0)
  return { log: most + Math.log(total / means.length), score }
}

const loss =
  (of: (student: ReturnType<typeof at>, truth: ReturnType<typeof at>) => number) =>
  (centres: Line, variances: Line = centres.map(() => 1)) =>
  (students: Line): number => {
    const widest = Math.sqrt(Math.max(...variances))
    const from = Math.min(...centres) - 9 * widest
    const steps = Math.ceil((Math.max(...centres) + 9 * widest - from) / STEP)
    let sum = 0
    for (let i = 0; i <= steps; i++) {
      const x = from + i * STEP
      const truth = at(x, centres, variances)
      sum +=
        STEP *
        Math.exp(truth.log) *
        of(
          at(
            x,
            students,
            students.map(() => 1)
          ),
          truth
        )
    }
    return sum
  }

/** E|s(x) − s*(x)|² */
export const fisher = loss((student, truth) => (student.score - truth.score) ** 2)
/** −E log p(x) */
export const likelihood = loss(student => -student.log)

type Of = (students: Line) => number

const moved = (x: Line, k: number, by: number): Line => x.map((v, i) => (i === k ? v + by : v))
const slope = (f: Of, k: number, x: Line): number =>
  (8 * (f(moved(x, k, h)) - f(moved(x, k, -h))) - (f(moved(x, k, 2 * h)) - f(moved(x, k, -2 * h)))) / (12 * h)

export const gradient = (f: Of, x: Line): Line => x.map((_, k) => slope(f, k, x))
export const hessian = (f: Of, x: Line): ReadonlyArray<Line> => x.map((_, k) => gradient(y => slope(f, k, y), x))
