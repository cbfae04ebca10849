// Mutants of one compiled file: each is one small edit, of the kind that a slip of the hand makes. Texts of errors are left alone: what they say in detail is no behaviour to hold.
import { parse } from 'acorn'

const BOUNDARY = { '<': '<=', '<=': '<', '>': '>=', '>=': '>' }
const NEGATION = { '<': '>=', '<=': '>', '>': '<=', '>=': '<', '===': '!==', '!==': '===' }
const ARITHMETIC = { '+': '-', '-': '+', '*': '/', '/': '*', '%': '*', '&': '|', '|': '&', '^': '&', '<<': '>>', '>>': '<<', '>>>': '<<' }
const LOGIC = { '&&': '||', '||': '&&', '??': '&&' }
const ASSIGNMENT = { '+=': '-=', '-=': '+=', '*=': '/=', '|=': '&=', '&=': '|=', '<<=': '>>=', '>>>=': '<<=', '??=': '=' }

/** Changes nothing: what kills it is a fault of the run, not of the file. */
export const NO_CHANGE = { start: 0, end: 0, text: '', place: -1 }

/** An edit puts `text` in place of source[start, end). `place` is the number of the statement that it stands in, for what tests reach. */
/** @returns {{ mutants: { start: number, end: number, text: string, place: number }[], places: object[], loops: object[], imports: string[] }} */
export function mutantsOf(source) {
  const mutants = []
  /** Where to note that a statement or expression is reached, and where a round of a loop. */
  const places = []
  const loops = []
  let place = -1

  const add = (start, end, text) => {
    if (source.slice(start, end) !== text) mutants.push({ start, end, text, place })
  }

  const enter = (node, kind) => {
    places.push({ start: node.start, end: node.end, kind })
    place = places.length - 1
  }

  const operator = (node, left, right, to) => {
    if (to === undefined) return
    const from = source.indexOf(node.operator, left.end)
    if (from >= 0 && from < right.start) add(from, from + node.operator.length, to)
  }

  const condition = (test) => {
    add(test.start, test.end, 'true')
    add(test.start, test.end, 'false')
  }

  /** A statement that may stand alone behind `if (…)`. */
  const body = (node, isLoop) => {
    if (node.type === 'BlockStatement') {
      if (isLoop) loops.push({ start: node.start + 1, end: node.start + 1, kind: 'block' })
      visit(node)
      return
    }
    if (isLoop) loops.push({ start: node.start, end: node.end, kind: 'alone' })
    enter(node, 'alone')
    visitInside(node)
  }

  const visit = (node) => {
    const outer = place
    // An exported declaration begins with its export.
    const statement = node.type === 'ExportNamedDeclaration' ? node.declaration : node
    if (statement && isStatement(statement)) enter(node, 'before')
    visitInside(node)
    place = outer
  }

  const visitInside = (node) => {
    switch (node.type) {
      case 'ExportNamedDeclaration':
        if (node.declaration) visitInside(node.declaration)
        return
      case 'ImportDeclaration':
      case 'ThrowStatement':
        return
      case 'ExpressionStatement':
        if (!isSuper(node.expression)) add(node.start, node.end, ';')
        break
      case 'BreakStatement':
      case 'ContinueStatement':
        add(node.start, node.end, ';')
        return
      case 'ReturnStatement':
        if (node.argument === null) add(node.start, node.end, ';')
        else if (!isConstant(node.argument)) add(node.argument.start, node.argument.end, 'undefined')
        break
      case 'IfStatement':
        condition(node.test)
        visit(node.test)
        body(node.consequent, false)
        if (node.alternate) body(node.alternate, false)
        return
      case 'ConditionalExpression':
        condition(node.test)
        break
      case 'WhileStatement':
      case 'DoWhileStatement':
        add(node.test.start, node.test.end, 'false')
        visit(node.test)
        body(node.body, true)
        return
      case 'ForStatement':
        for (const part of [node.init, node.test, node.update]) if (part) visitInside(part)
        body(node.body, true)
        return
      case 'ForOfStatement':
        visit(node.right)
        body(node.body, true)
        return
      case 'BinaryExpression':
        operator(node, node.left, node.right, BOUNDARY[node.operator])
        operator(node, node.left, node.right, NEGATION[node.operator])
        if (!isText(node.left) && !isText(node.right)) operator(node, node.left, node.right, ARITHMETIC[node.operator])
        break
      case 'LogicalExpression':
        operator(node, node.left, node.right, LOGIC[node.operator])
        break
      case 'AssignmentExpression':
        operator(node, node.left, node.right, ASSIGNMENT[node.operator])
        break
      case 'UpdateExpression': {
        const at = node.prefix ? node.start : node.end - 2
        add(at, at + 2, node.operator === '++' ? '--' : '++')
        break
      }
      case 'UnaryExpression':
        if (node.operator === '!' || node.operator === '-') add(node.start, node.start + 1, '')
        break
      case 'Literal':
        if (typeof node.value === 'number') {
          add(node.start, node.end, `${node.value + 1}`)
          if (node.value > 0) add(node.start, node.end, `${node.value - 1}`)
        } else if (typeof node.value === 'boolean') add(node.start, node.end, `${!node.value}`)
        return
      case 'TemplateLiteral':
        return
      case 'ArrowFunctionExpression':
        if (node.body.type !== 'BlockStatement') {
          const outer = place
          enter(node.body, 'expression')
          visitInside(node.body)
          place = outer
          return
        }
        break
      case 'PropertyDefinition':
        if (node.value) {
          const outer = place
          enter(node.value, 'expression')
          visitInside(node.value)
          place = outer
        }
        return
    }
    for (const child of childrenOf(node)) visit(child)
  }

  const program = parse(source, { ecmaVersion: 'latest', sourceType: 'module' })
  visit(program)
  const imports = program.body.flatMap((node) => (node.source ? [node.source.value] : []))
  return { mutants, places, loops, imports }
}

/**
 * The source with notes of what is reached (`hits`: the name of a function that takes a number, undefined for none), a guard in every loop, and one mutant (or none).
 * Text that is put in never has a line break, so that lines stay where they are.
 */
export function instrument(source, { places, loops }, { hits, firstHit = 0, mutant }) {
  const inserts = []
  const insert = (at, text, depth) => {
    if (mutant === undefined || at <= mutant.start || at >= mutant.end) inserts.push({ at, text, depth })
  }
  const wrap = ({ start, end }, before, after) => {
    // What surrounds the mutant, or lies beside it; never half inside.
    if (mutant !== undefined && start >= mutant.start && end <= mutant.end) return
    insert(start, before, -(end - start))
    insert(end, after, end - start)
  }
  for (const loop of loops) {
    if (loop.kind === 'block') insert(loop.start, '__round();', 0)
    else wrap(loop, '{__round();', '}')
  }
  if (hits !== undefined) {
    places.forEach(({ start, end, kind }, i) => {
      const hit = `${hits}(${firstHit + i})`
      if (kind === 'before') insert(start, `${hit};`, 0)
      else if (kind === 'alone') wrap({ start, end }, `{${hit};`, '}')
      else wrap({ start, end }, `(${hit},`, ')')
    })
  }
  if (mutant !== undefined) inserts.push({ at: mutant.start, text: mutant.text, depth: 0, skipTo: mutant.end })
  // At one place, what opens furthest out comes first, and what closes furthest out comes last.
  inserts.sort((a, b) => a.at - b.at || closes(b) - closes(a) || a.depth - b.depth)
  let result = ''
  let at = 0
  for (const edit of inserts) {
    result += source.slice(at, edit.at) + edit.text
    at = edit.skipTo ?? edit.at
  }
  return result + source.slice(at)
}

function closes({ depth }) {
  return depth > 0 ? 1 : 0
}

const STATEMENTS = new Set([
  'ExpressionStatement',
  'VariableDeclaration',
  'ReturnStatement',
  'IfStatement',
  'ForStatement',
  'ForOfStatement',
  'WhileStatement',
  'DoWhileStatement',
  'SwitchStatement',
  'BreakStatement',
  'ContinueStatement',
  'TryStatement',
])

function isStatement(node) {
  return STATEMENTS.has(node.type)
}

function isSuper(node) {
  return node.type === 'CallExpression' && node.callee.type === 'Super'
}

function isConstant(node) {
  return node.type === 'Literal' || (node.type === 'Identifier' && node.name === 'undefined')
}

function isText(node) {
  return node.type === 'TemplateLiteral' || (node.type === 'Literal' && typeof node.value === 'string')
}

function childrenOf(node) {
  const children = []
  for (const [key, value] of Object.entries(node)) {
    // Names and keys hold no behaviour.
    if (key === 'key' || (key === 'property' && !node.computed)) continue
    for (const child of Array.isArray(value) ? value : [value]) if (child !== null && typeof child?.type === 'string') children.push(child)
  }
  return children
}
