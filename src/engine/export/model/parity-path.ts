/** @file Where the table of differences of an exported file goes. */
import { extname } from 'node:path'

/** `model.onnx` has `model.parity.json` beside it. */
export function parityPath(path: string): string {
  return `${path.slice(0, path.length - extname(path).length)}.parity.json`
}
