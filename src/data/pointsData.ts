/** Points: rows of numbers in one array. */
export interface Points {
  /** n ≥ 1. */
  readonly rows: number
  /** d ≥ 1. */
  readonly dim: number
  /** Row-major, n·d finite numbers: x_ij = values[i·d + j]. */
  readonly values: Float64Array
  /** n numbers ≥ 0, not all 0: a row of weight 2 counts as two rows. Absent: every row counts once. */
  readonly weights?: Float64Array
  /** n whole numbers ≥ 0, the class of each row; −1 for none. Absent: no row has one. */
  readonly labels?: Int32Array
  /** Row-major, n·d finite numbers: the partner of each row. Absent: none has one. */
  readonly partner?: Float64Array
  /** Row-major, n·d·d finite numbers: the covariance of each row's measurement error. Absent: rows are exact. */
  readonly errors?: Float64Array
}
