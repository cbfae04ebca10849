// Frames of a terminal as one animated SVG: all of them side by side, as on a film, which one CSS animation draws past the window a frame at a time.
// What never changes stands before the film, and rows that look alike are drawn once. Blocks, bars and lines are shapes, so that they meet whatever fonts there are; letters are squeezed to their cells.

const CELL_WIDTH = 10
const CELL_HEIGHT = 20
const BASELINE = 15

/** Texts this short stay in their cells without being squeezed. */
const SHORT_TEXT = 5
const PADDING = 12

/** As the styles of examples/arena/screen/style.ts, on a dark background. */
const COLORS = {
  plain: '#e6edf3',
  dim: '#7d8590',
  title: '#ffffff',
  you: '#56d364',
  ghost: '#d2a8ff',
  other: '#39c5cf',
  gem: '#e3b341',
  bad: '#ff7b72',
  ink: '#0d1117',
}
const BACKGROUND = '#0d1117'

/** One letter a style, as the class of what is drawn in it. */
const CLASSES = Object.fromEntries(Object.keys(COLORS).map((style, i) => [style, 'abcdefghi'[i]]))

const QUADRANTS = ' ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█'
const BARS = ' ▁▂▃▄▅▆▇█'
const BAR_HEIGHT = CELL_HEIGHT / 8
/** As left, top, width and height. */
const LINES = {
  '─': [[0, 9, 10, 1]],
  '│': [[5, 0, 1, 20]],
  '┌': [[5, 9, 5, 1], [5, 9, 1, 11]], // biome-ignore format: a character a line
  '┐': [[0, 9, 5, 1], [5, 9, 1, 11]], // biome-ignore format: a character a line
  '└': [[5, 9, 5, 1], [5, 0, 1, 10]], // biome-ignore format: a character a line
  '┘': [[0, 9, 5, 1], [5, 0, 1, 10]], // biome-ignore format: a character a line
}

/**
 * The film of these frames (examples/arena/screen/frame.ts), all of one size, as the text of an SVG file.
 * Where nothing moves (no CSS, or a reader who wants no motion) it shows the frame `poster`.
 */
export function svgFilm(frames, { framesPerSecond, poster, title }) {
  const { columns, rows } = frames[0]
  const width = columns * CELL_WIDTH
  const height = rows * CELL_HEIGHT
  const isStill = stillCells(frames)
  const still = Array.from({ length: rows }, (_, row) => {
    return `<g transform="translate(0 ${row * CELL_HEIGHT})">${drawRow(frames[0], row, (column) => isStill(column, row))}</g>`
  })
  const drawings = new Map()
  const film = frames.map((frame, i) => {
    const uses = Array.from({ length: rows }, (_, row) => {
      const drawing = drawRow(frame, row, (column) => !isStill(column, row))
      if (drawing === '') return ''
      if (!drawings.has(drawing)) drawings.set(drawing, `r${drawings.size.toString(36)}`)
      return `<use href="#${drawings.get(drawing)}"${row === 0 ? '' : ` y="${row * CELL_HEIGHT}"`}/>`
    })
    return `<g transform="translate(${i * width})">${uses.join('')}</g>`
  })
  const seconds = frames.length / framesPerSecond
  const colors = Object.entries(COLORS).map(([style, color]) => `.${CLASSES[style]}{fill:${color}}`)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width + 2 * PADDING} ${height + 2 * PADDING}" width="${width + 2 * PADDING}" height="${height + 2 * PADDING}" role="img">`,
    `<title>${title}</title>`,
    '<style>',
    `text{font:16px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}.${CLASSES.title}{font-weight:bold}`,
    ...colors,
    `.film{animation:film ${seconds}s steps(${frames.length}) infinite}`,
    `@keyframes film{from{transform:translateX(0)}to{transform:translateX(-${frames.length * width}px)}}`,
    '@media(prefers-reduced-motion:reduce){.film{animation:none}}',
    '</style>',
    `<defs>${Array.from(drawings, ([drawing, id]) => `<g id="${id}">${drawing}</g>`).join('\n')}</defs>`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    `<svg x="${PADDING}" y="${PADDING}" width="${width}" height="${height}">`,
    ...still,
    `<g class="film" transform="translate(-${poster * width})">`,
    ...film,
    '</g></svg>',
    '</svg>',
    '',
  ].join('\n')
}

/** Which cells are the same in all frames. */
function stillCells(frames) {
  const [first, ...others] = frames
  const still = Array.from({ length: first.columns * first.rows }, (_, i) => {
    const [column, row] = [i % first.columns, Math.floor(i / first.columns)]
    const { text, style, background } = first.cell(column, row)
    return others.every((frame) => {
      const cell = frame.cell(column, row)
      return cell.text === text && (text === ' ' || cell.style === style) && cell.background === background
    })
  })
  return (column, row) => still[row * first.columns + column]
}

/** Some cells of one row of a frame, at the top of the picture. */
function drawRow(frame, row, isWanted) {
  const blocks = new Blocks()
  const shapes = []
  let text
  let bars
  let diamonds = '' // all of one style
  const end = () => {
    if (text !== undefined) shapes.push(drawText(text))
    if (bars !== undefined) shapes.push(drawBars(bars))
    text = undefined
    bars = undefined
  }
  for (let column = 0; column < frame.columns; column++) {
    const cell = isWanted(column) ? frame.cell(column, row) : { text: ' ' }
    const x = column * CELL_WIDTH
    if (cell.background !== undefined) blocks.add(cell.background, x, 0, CELL_WIDTH, CELL_HEIGHT)
    if (cell.text === ' ') continue
    const bar = BARS.indexOf(cell.text)
    const parts = partsOf(cell.text)
    if (bar > 0 && !(bars === undefined && parts !== undefined)) {
      if (bars === undefined || bars.style !== cell.style || column > bars.column + bars.levels.length) end()
      bars ??= { column, style: cell.style, levels: [] }
      bars.levels.push(bar)
    } else if (parts !== undefined) {
      end()
      for (const [left, top, width, height] of parts) blocks.add(cell.style, x + left, top, width, height)
    } else if (cell.text === '◆') {
      end()
      diamonds += `M${x + CELL_WIDTH / 2} 4l5 6l-5 6l-5-6z`
    } else if (cell.text === '●' || cell.text === '○') {
      end()
      shapes.push(drawSymbol(cell, x))
    } else {
      if (text === undefined || text.style !== cell.style || column > text.column + text.value.length + 1) end()
      text ??= { column, style: cell.style, value: '' }
      text.value = text.value.padEnd(column - text.column) + cell.text
    }
  }
  end()
  if (diamonds !== '') shapes.push(`<path class="${CLASSES.gem}" d="${diamonds}"/>`)
  return blocks.toString() + shapes.join('')
}

/** Rectangles, by style; those that meet are one. */
class Blocks {
  #rectangles = new Map()

  add(style, x, y, width, height) {
    const list = this.#rectangles.get(style) ?? []
    this.#rectangles.set(style, list)
    const left = list.findLast((other) => other.x + other.width === x && other.y === y && other.height === height)
    if (left !== undefined) left.width += width
    else list.push({ x, y, width, height })
  }

  toString() {
    const paths = Array.from(this.#rectangles, ([style, list]) => {
      const outline = joined(list).map(({ x, y, width, height }) => `M${x} ${y}h${width}v${height}h${-width}z`)
      return `<path class="${CLASSES[style]}" d="${outline.join('')}"/>`
    })
    return paths.join('')
  }
}

/** Rectangles of which one stands on the other become one. */
function joined(list) {
  const all = []
  for (const rectangle of list) {
    const above = all.find(({ x, y, width, height }) => x === rectangle.x && width === rectangle.width && y + height === rectangle.y)
    if (above !== undefined) above.height += rectangle.height
    else all.push({ ...rectangle })
  }
  return all
}

/** The rectangles that a character of blocks or lines is made of; undefined for others. */
function partsOf(character) {
  const quadrants = QUADRANTS.indexOf(character)
  if (quadrants <= 0) return LINES[character]
  const [width, height] = [CELL_WIDTH / 2, CELL_HEIGHT / 2]
  return [0, 1, 2, 3].filter((i) => quadrants & (1 << i)).map((i) => [(i % 2) * width, (i >> 1) * height, width, height])
}

/** A sparkline as one outline. */
function drawBars({ column, style, levels }) {
  const steps = []
  for (const [i, level] of levels.entries()) {
    if (level !== levels[i - 1]) steps.push({ level, width: 0 })
    steps.at(-1).width += CELL_WIDTH
  }
  const outline = steps.map(({ level, width }) => `V${CELL_HEIGHT - level * BAR_HEIGHT}h${width}`)
  return `<path class="${CLASSES[style]}" d="M${column * CELL_WIDTH} ${CELL_HEIGHT}${outline.join('')}V${CELL_HEIGHT}z"/>`
}

function drawSymbol({ text, style }, x) {
  const center = x + CELL_WIDTH / 2
  const color = CLASSES[style]
  if (text === '●') return `<circle class="${color}" cx="${center}" cy="10" r="4.5"/>`
  return `<circle cx="${center}" cy="10" r="3.8" fill="none" stroke="${COLORS[style]}" stroke-width="1.5"/>`
}

function drawText({ column, style, value }) {
  const escaped = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  const squeeze = value.length <= SHORT_TEXT ? '' : ` textLength="${value.length * CELL_WIDTH}" lengthAdjust="spacingAndGlyphs"`
  return `<text class="${CLASSES[style]}" x="${column * CELL_WIDTH}" y="${BASELINE}"${squeeze}>${escaped}</text>`
}
