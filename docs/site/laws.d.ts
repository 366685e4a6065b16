/** The page of all laws as Markdown; of the modules `ornstein`, `ornstein/laws` and its glossary. */
export const lawsPage: (ornstein: object, laws: object, glossary: object) => string
