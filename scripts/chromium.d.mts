/** @file Types of chromium.mjs. */
export function findChromium(): Promise<string | undefined>
export function ensureChromium(): Promise<string>
