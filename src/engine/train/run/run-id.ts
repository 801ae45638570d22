/** @file Ids of runs: readable, sorting by day, safe as folder names everywhere, and not met twice. */

const maximumSlugLength = 40

/** `Château, slow` made on 2026-02-03 becomes `chateau-slow-20260203-1f9a0c`. The day is local: it is for people. */
export function runId(name: string, date: Date, random: Uint8Array): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maximumSlugLength)
    .replace(/^-+|-+$/g, '')
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()].map((part) => String(part).padStart(2, '0')).join('')
  return `${slug === '' ? 'run' : slug}-${day}-${Buffer.from(random).toString('hex')}`
}
