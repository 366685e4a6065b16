/** Where Debian has it, with what it has of scikit-learn. */
export const PYTHON = '/usr/bin/python3'
