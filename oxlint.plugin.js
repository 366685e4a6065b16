/**
 * Rules of this code that oxlint does not have: the language is pure, and its arithmetic the same everywhere. They read the syntax alone.
 * oxlint.config.js says where each holds.
 */

/** Methods that change what they are called on. */
const arrayChangers = 'copyWithin fill pop push reverse shift sort splice unshift'.split(' ')
const collectionChangers = 'add clear delete set'.split(' ')
const objectChangers = 'assign defineProperties defineProperty setPrototypeOf'.split(' ')

/** A rule that refuses all nodes of some types. */
const refuses = (message, ...types) => ({
  create: context => Object.fromEntries(types.map(type => [type, node => void context.report({ node, message })]))
})

/**
 * Nothing that has a name is changed. What a call, a `new` or a literal has just made may be, `[...xs].sort()`; a Map or Set is known by
 * what its name was made by.
 */
const immutable = {
  create: context => {
    const hasName = ({ type }) => type === 'Identifier' || type === 'MemberExpression'
    const report = node => {
      context.report({ node, message: 'what has a name is not changed; make another' })
    }
    const definitionsOf = node => {
      if (node.type !== 'Identifier') return []
      for (let scope = context.sourceCode.getScope(node); scope !== null; scope = scope.upper) {
        const found = scope.set.get(node.name)
        if (found !== undefined) return found.defs
      }
      return []
    }
    // fp-ts's functions stand in modules, and give another value
    const isModule = node => definitionsOf(node).some(({ type }) => type === 'ImportBinding')
    const isCollection = node =>
      definitionsOf(node).some(
        ({ node: { init } }) => init?.type === 'NewExpression' && /^(Map|Set)$/.test(init.callee.name ?? '')
      )
    return {
      AssignmentExpression: node => {
        if (node.left.type === 'MemberExpression') report(node)
      },
      UpdateExpression: node => {
        if (node.argument.type === 'MemberExpression') report(node)
      },
      UnaryExpression: node => {
        if (node.operator === 'delete') report(node)
      },
      CallExpression: node => {
        const { callee } = node
        if (callee.type !== 'MemberExpression' || callee.computed || !hasName(callee.object)) return
        const [on, method] = [callee.object, callee.property.name]
        if (arrayChangers.includes(method) && !isModule(on)) report(node)
        if (collectionChangers.includes(method) && isCollection(on)) report(node)
        if (on.name === 'Object' && objectChangers.includes(method) && hasName(node.arguments[0])) report(node)
      }
    }
  }
}

/** No powers: engines differ in the last bit. */
const powers = {
  create: context => {
    const report = node => {
      if (node.operator.startsWith('**'))
        context.report({
          node,
          message: 'not the same bits everywhere; write square, powerOfTwo or pow of lib/numbers/elementary.ts'
        })
    }
    return { BinaryExpression: report, AssignmentExpression: report }
  }
}

export default {
  meta: { name: 'ornstein' },
  rules: {
    immutable,
    powers,
    classes: refuses('a case is a value, and no class', 'ClassDeclaration', 'ClassExpression', 'ThisExpression'),
    let: {
      create: context => ({
        VariableDeclaration: node => {
          if (node.kind === 'let') context.report({ node, message: 'nothing that has a name changes; write const' })
        }
      })
    },
    statements: refuses(
      'the language is pure: no loop, no throw, no try; map, fold or unfold, and errors are values',
      ...['ForStatement', 'ForInStatement', 'ForOfStatement', 'WhileStatement', 'DoWhileStatement'],
      ...['ThrowStatement', 'TryStatement']
    )
  }
}
