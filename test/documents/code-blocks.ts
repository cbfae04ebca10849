// The code blocks of a page, and what the comment before each says of it. README.md and every page of docs/guide follow this:
//
//   <!-- run: name.mjs -->      js    a program: node runs it, and it ends by itself with exit code 0
//   <!-- output: name.mjs -->   text  what that program prints, line by line; `…` stands for anything
//   <!-- check -->              ts    a fragment: it compiles behind the page's prelude; with an import or export of its own it is a module, and stands alone
//   <!-- prelude … -->                ts in a comment, once a page: what the fragments take for granted
//   (no comment needed)         sh    commands: programs and scripts that exist (scripts/check-documents.js looks up the commands of tickwire)
//
// A block of another kind, or without its comment, is a fault.

export interface CodeBlock {
  readonly page: string
  /** The line of its first line of code, from 1. */
  readonly line: number
  readonly kind: 'run' | 'output' | 'check' | 'commands'
  /** The program's name; empty where there is none. */
  readonly name: string
  readonly text: string
}

const LANGUAGES: Readonly<Record<string, CodeBlock['kind']>> = { js: 'run', text: 'output', ts: 'check', sh: 'commands' }

/** Finds every code block of a page. Throws at one that breaks the convention. */
export function codeBlocksOf(page: string, document: string): CodeBlock[] {
  const lines = document.split('\n')
  const blocks: CodeBlock[] = []
  for (let i = 0; i < lines.length; i++) {
    const fence = /^\s*```(\w*)$/.exec(lines[i]!)
    if (fence === null) continue
    const start = i + 1
    const end = lines.findIndex((text, at) => at >= start && /^\s*```$/.test(text))
    if (end < 0) throw new Error(`${page}:${i + 1}: a code block without an end`)
    const comment = lines.slice(0, i).findLast((text) => text !== '') ?? ''
    blocks.push({
      page,
      line: start + 1,
      ...kindOf(`${page}:${i + 1}`, fence[1]!, comment),
      text: `${lines.slice(start, end).join('\n')}\n`,
    })
    i = end
  }
  return blocks
}

function kindOf(where: string, language: string, comment: string): Pick<CodeBlock, 'kind' | 'name'> {
  const kind = LANGUAGES[language]
  if (kind === undefined) throw new Error(`${where}: a code block expected js, ts, text or sh behind its fence, got '${language}'`)
  if (kind === 'commands') return { kind, name: '' }
  const name = new RegExp(kind === 'check' ? '^<!-- check -->$' : `^<!-- ${kind}: (\\S+) -->$`).exec(comment.trim())
  if (name === null)
    throw new Error(
      `${where}: a ${language} block expected <!-- ${kind}${kind === 'check' ? '' : ': NAME'} --> before it, got '${comment}'`,
    )
  return { kind, name: name[1] ?? '' }
}

/** The page's prelude; empty where it has none. */
export function preludeOf(document: string): string {
  return /<!-- prelude\n([\s\S]*?)-->/.exec(document)?.[1] ?? ''
}

/** Whether a program printed what the page shows. */
export function matchesOutput(shown: string, printed: string): boolean {
  const expected = shown.trimEnd().split('\n')
  const lines = printed.trimEnd().split('\n')
  return (
    expected.length === lines.length &&
    expected.every((text, i) => new RegExp(`^${text.split('…').map(escapeRegExp).join('.*')}$`).test(lines[i]!.trimEnd()))
  )
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

/** The npm scripts that a block of commands names, and the program that each of its commands starts. */
export function commandsOf(text: string): { readonly programs: string[]; readonly scripts: string[] } {
  const commands = text
    .split('\n')
    .flatMap((line) => line.replace(/(^|\s)#.*/, '').split('&&'))
    .map((command) => command.trim())
    .filter((command) => command !== '')
  const named = (pattern: RegExp): string[] => commands.flatMap((command) => pattern.exec(command)?.[1] ?? [])
  return {
    programs: commands.map((command) => command.replace(/^(?:[A-Z_]+=\S+ +)+/, '').split(' ')[0]!),
    scripts: [...named(/^npm run ([\w:-]+)/), ...named(/^npm (test)\b/)],
  }
}
