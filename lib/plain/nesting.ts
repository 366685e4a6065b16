const isNested = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !ArrayBuffer.isView(value)

/** True if objects and lists are nested deeper than `levels`. Visits each object once per level, so shared parts are not repeated. */
export const isDeeper = (value: unknown, levels: number): boolean => {
  let level = new Set<object>(isNested(value) ? [value] : [])
  for (let depth = 0; level.size > 0; depth++) {
    if (depth >= levels) return true
    const below = new Set<object>()
    for (const outer of level) for (const inner of Object.values(outer)) if (isNested(inner)) below.add(inner)
    level = below
  }
  return false
}
