/** @file Ids of models: readable, safe as folder names everywhere, unique within their folder. */

const maximumLength = 48
/** Names Windows keeps for devices. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/
const idPattern = /^[a-z0-9][a-z0-9-]{0,63}$/

/** `DINOv2 ViT-S/14 (reg)` becomes `dinov2-vit-s-14-reg`. */
export function slugOf(name: string): string {
  const slug = name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[\u0300-\u036f]/g, '')
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, maximumLength)
    .replace(/^-+|-+$/g, '')
  return slug === '' || reserved.test(slug) ? `model${slug === '' ? '' : `-${slug}`}` : slug
}

/** `slug`, `slug-2`, `slug-3`, … */
export function numberedId(slug: string, attempt: number): string {
  return attempt === 1 ? slug : `${slug}-${attempt}`
}

/** Whether a string may be used as the name of a model's folder. */
export function isModelId(text: string): boolean {
  return idPattern.test(text)
}
