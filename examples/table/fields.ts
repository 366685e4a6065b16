/** The options of the form in words, by the keys that the command line has for them. */

/** A field of the form: what it is called, what it does, and its choices in words. */
export interface FieldText {
  readonly title: string
  readonly about: string
  /** The values that the command line takes, and what they are called; an empty value leaves the option out. */
  readonly choices?: ReadonlyArray<readonly [value: string, label: string]>
  /** What an empty field means. */
  readonly empty?: string
}
type Fields = Readonly<Record<string, FieldText>>

const main: Fields = {
  components: {
    title: 'How many groups',
    about: 'A number, or a range to choose from: 2..6',
    empty: 'choose from 1 to 9'
  },
  missing: {
    title: 'Rows with missing cells',
    about: 'What to do with rows that lack a value',
    choices: [
      ['', 'Stop and say where'],
      ['em', 'Use the cells they have'],
      ['drop', 'Leave those rows out']
    ]
  },
  labels: { title: 'Known classes', about: 'A column to compare the groups with; it is not used to find them' },
  criterion: {
    title: 'What to look for',
    about: 'Groups that stand apart, or the best description of the density',
    choices: [
      ['', 'Separate groups (ICL)'],
      ['bic', 'Density (BIC)'],
      ['aic', 'More components (AIC)'],
      ['crossValidated', 'Held-out rows']
    ]
  }
}
const more: Fields = {
  family: { title: 'Shapes of groups', about: 'isotropic, diagonal, tied, full, or a list of them', empty: 'choose' },
  robust: { title: 'Allow for outliers', about: 'Also tries heavy tails and rows that belong to no group' },
  starts: {
    title: 'Starts',
    about: 'Repeats the search so often, keeps the best, and says how many agree',
    empty: '1'
  },
  bootstrap: {
    title: 'Intervals',
    about: 'How many resamples to compute confidence intervals from: 200',
    empty: 'none'
  },
  testComponents: { title: 'Test the number of groups', about: 'How many resamples to test with: 99', empty: 'none' },
  prior: { title: 'Weak prior', about: 'Keeps groups from collapsing on few rows: 0.01', empty: 'none' },
  standardize: {
    title: 'Scale columns alike',
    about: 'So that units do not matter',
    choices: [
      ['', 'Yes, unless the shape needs raw units'],
      ['yes', 'Yes'],
      ['no', 'No']
    ]
  },
  seed: { title: 'Seed', about: 'The same seed gives the same result', empty: '0' }
}
const reading: Fields = {
  header: {
    title: 'Names of columns',
    about: 'Whether the first row holds them',
    choices: [
      ['', 'Detect'],
      ['yes', 'In the first row'],
      ['no', 'None: the first row is data']
    ]
  },
  delimiter: { title: 'Between cells', about: 'A character', empty: 'detect' },
  decimal: { title: 'Decimal mark', about: '. or ,', empty: 'detect' },
  skip: { title: 'Lines above the table', about: 'How many to skip', empty: '0' },
  comment: { title: 'Comments begin with', about: 'A character', empty: 'no comments' },
  na: { title: 'Marks of missing cells', about: 'Beside NA and empty cells: -999,unknown', empty: 'none' },
  weights: { title: 'Weights of rows', about: 'A row of weight 2 counts as two rows' },
  errors: {
    title: 'Measurement errors',
    about: 'Columns of standard deviations, one for each column used',
    empty: 'none'
  }
}

/** Fields by the part of the form in which they stand. */
export const places: Readonly<Record<string, Fields>> = { main, more, reading }
export const fields: Fields = { ...main, ...more, ...reading, columns: { title: 'Columns to use', about: '' } }

/** An option of the command line, and its value, as the form calls them: `--missing drop` is “Rows with missing cells: Leave those rows out”. */
export const optionInWords = (key: string, value = ''): string => {
  const { title, choices = [] } = fields[key]
  const label = choices.find(([one]) => one === value && one !== '')?.[1]
  return `“${title}${label !== undefined ? `: ${label}` : value === '' ? '' : `: ${value}`}”`
}
