/** Markdown page of all laws, given the modules `ornstein`, `ornstein/laws` and the glossary of the command line. */
export const lawsPage: (ornstein: object, laws: object, glossary: object) => string
