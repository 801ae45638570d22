/** @file What a model says of itself once its weights have been rounded. */

const sentence = 'Weights rounded to half precision.'

/** The same description, with the rounding told once. */
export function roundedDescription<D extends { readonly description: string }>(draft: D): D {
  const { description } = draft
  return description.includes(sentence) ? draft : { ...draft, description: [description, sentence].filter((part) => part !== '').join(' ') }
}
