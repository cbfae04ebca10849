// Puts a counter at every branch of a JavaScript source: function bodies, both ways of an if and of a conditional, loop bodies, right sides of && || ??, cases, catch blocks, defaults.
// Text is only inserted, and never a line break, so that stack traces keep their lines.
import { parse } from 'acorn'

/** A node of the syntax tree, as far as it is looked at here. */
interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly end: number
  readonly [key: string]: unknown
}

interface Insertion {
  readonly at: number
  readonly text: string
}

export interface InstrumentOptions {
  /** The number of the first point. */
  readonly firstPoint: number
  /** The name under which the code sees the counters. */
  readonly counters: string
  /** Default: an ES module. `function`: the body of a function, which may return. */
  readonly kind?: 'module' | 'function'
}

export interface Instrumented {
  readonly code: string
  /** Points that were set, numbered from `firstPoint` on. */
  readonly points: number
}

/** The source with its counters. Throws a SyntaxError where it cannot be parsed. */
export function instrument(source: string, options: InstrumentOptions): Instrumented {
  const isModule = options.kind !== 'function'
  const tree = parse(source, {
    ecmaVersion: 'latest',
    sourceType: isModule ? 'module' : 'script',
    allowReturnOutsideFunction: !isModule,
  }) as unknown as SyntaxNode
  const instrumenter = new Instrumenter(source, options)
  instrumenter.visit(tree)
  return { code: instrumenter.write(), points: instrumenter.points }
}

class Instrumenter {
  points = 0
  readonly #source: string
  readonly #options: InstrumentOptions
  /** What opens, outer before inner; what closes, inner before outer. At one offset, what closes comes first. */
  readonly #opening: Insertion[] = []
  readonly #closing: Insertion[] = []

  constructor(source: string, options: InstrumentOptions) {
    this.#source = source
    this.#options = options
  }

  visit(node: SyntaxNode): void {
    switch (node.type) {
      case 'IfStatement':
        this.#visitField(node, 'test')
        this.#wrapStatement(node.consequent as SyntaxNode)
        if (node.alternate) this.#wrapStatement(node.alternate as SyntaxNode)
        else this.#closing.push({ at: node.end, text: ` else ${this.#count()};` })
        return
      case 'ForStatement':
      case 'ForInStatement':
      case 'ForOfStatement':
      case 'WhileStatement':
      case 'DoWhileStatement':
        for (const key of Object.keys(node)) if (key !== 'body') this.#visitField(node, key)
        this.#wrapStatement(node.body as SyntaxNode)
        return
      case 'ConditionalExpression':
        this.#visitField(node, 'test')
        this.#wrapExpression(node.consequent as SyntaxNode)
        this.#wrapExpression(node.alternate as SyntaxNode)
        return
      case 'LogicalExpression':
        this.#visitField(node, 'left')
        this.#wrapExpression(node.right as SyntaxNode)
        return
      case 'AssignmentPattern':
        this.#visitField(node, 'left')
        this.#wrapExpression(node.right as SyntaxNode)
        return
      case 'AssignmentExpression':
        this.#visitField(node, 'left')
        if (['&&=', '||=', '??='].includes(node.operator as string)) this.#wrapExpression(node.right as SyntaxNode)
        else this.#visitField(node, 'right')
        return
      case 'ArrowFunctionExpression':
      case 'FunctionExpression':
      case 'FunctionDeclaration':
        this.#visitFunction(node)
        return
      case 'SwitchCase':
        this.#visitCase(node)
        return
      case 'CatchClause':
        this.#wrapStatement(node.body as SyntaxNode)
        return
      default:
        for (const key of Object.keys(node)) this.#visitField(node, key)
    }
  }

  write(): string {
    const insertions = [
      ...this.#closing.map((insertion, order) => ({ ...insertion, order })),
      ...this.#opening.map((insertion, order) => ({ ...insertion, order: this.#closing.length + order })),
    ].sort((a, b) => a.at - b.at || a.order - b.order)
    let code = ''
    let from = 0
    for (const { at, text } of insertions) {
      code += this.#source.slice(from, at) + text
      from = at
    }
    return code + this.#source.slice(from)
  }

  #visitField(node: SyntaxNode, key: string): void {
    const value = node[key]
    if (Array.isArray(value)) for (const element of value) this.#visitValue(element)
    else this.#visitValue(value)
  }

  #visitValue(value: unknown): void {
    if (isNode(value)) this.visit(value)
  }

  #visitFunction(node: SyntaxNode): void {
    this.#visitField(node, 'params')
    const body = node.body as SyntaxNode
    if (body.type === 'BlockStatement') this.#wrapStatement(body)
    else this.#wrapExpression(body)
  }

  #visitCase(node: SyntaxNode): void {
    const [first] = node.consequent as SyntaxNode[]
    this.#visitField(node, 'test')
    if (first !== undefined) this.#opening.push({ at: first.start, text: `${this.#count()};` })
    this.#visitField(node, 'consequent')
  }

  #wrapStatement(node: SyntaxNode): void {
    if (node.type === 'BlockStatement') {
      this.#opening.push({ at: node.start + 1, text: `${this.#count()};` })
      this.#visitField(node, 'body')
      return
    }
    this.#opening.push({ at: node.start, text: `{${this.#count()};` })
    this.visit(node)
    this.#closing.push({ at: node.end, text: '}' })
  }

  #wrapExpression(node: SyntaxNode): void {
    this.#opening.push({ at: node.start, text: `(${this.#count()},` })
    this.visit(node)
    this.#closing.push({ at: node.end, text: ')' })
  }

  #count(): string {
    return `${this.#options.counters}[${this.#options.firstPoint + this.points++}]++`
  }
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'
}
