/** What the command line tells of itself: the part of its description that help, manual and completion are made of. */

export interface OptionWords {
  /** `-k, --components <numbers>` */
  readonly flags: string
  readonly description: string
  readonly short?: string | undefined
  readonly long?: string | undefined
  readonly defaultValueDescription?: string | undefined
}

export interface ArgumentWords {
  readonly name: () => string
  readonly description: string
  readonly required: boolean
}

export interface CommandWords {
  readonly name: () => string
  readonly summary: () => string
  readonly description: () => string
  readonly options: ReadonlyArray<OptionWords>
  readonly registeredArguments: ReadonlyArray<ArgumentWords>
}

export interface Words extends CommandWords {
  readonly commands: ReadonlyArray<CommandWords>
}

/** Each command takes it, though none describes it. */
export const help: OptionWords = { flags: '-h, --help', short: '-h', long: '--help', description: 'print this help' }
