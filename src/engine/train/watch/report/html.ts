/** @file HTML by template strings in which everything that is put in is escaped unless it is markup itself. */

/** Text that is HTML already. Made by {@link html} and {@link joined} alone. */
export interface Markup {
  readonly markup: string
}

export type Content = string | number | Markup | readonly Markup[] | undefined

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

/** Safe between tags and in quoted attributes. Control characters, which HTML forbids, are shown as a replacement. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character] ?? '').replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]/g, '\ufffd')
}

function render(content: Content): string {
  if (content === undefined) return ''
  if (typeof content === 'string') return escapeHtml(content)
  if (typeof content === 'number') return String(content)
  return 'markup' in content ? content.markup : content.map(({ markup }) => markup).join('')
}

/** Markup with escaped contents. Attributes must be quoted. */
export function html(strings: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  return { markup: strings.map((string, index) => string + render(contents[index])).join('') }
}

/** Parts one after the other, with something in between. */
export function joined(parts: readonly Markup[], between: Markup): Markup {
  return { markup: parts.map(({ markup }) => markup).join(between.markup) }
}
