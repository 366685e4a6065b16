export {}

declare global {
  /** What a package that the bench compares with names, and Node 20 lacks: to this code it is no type of anything. */
  type Float16Array<_ extends ArrayBufferLike> = never
}
