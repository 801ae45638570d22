/** @file What the page may fetch, checked without a server: streaming of exports, headers, and the end of the engine. */
import { describe, expect, it } from 'vitest'
import { EngineError } from '../../src/engine/contract'
import { createSurface, missingHeaders, notFound, textResponse, type SurfaceResponse } from '../../src/shell'

const content = Uint8Array.from({ length: 1000 }, (_, index) => index % 251)

function surfaceOver(partSize: number, asked: number[] = []): (path: string, query: URLSearchParams) => Promise<SurfaceResponse> {
  return createSurface({
    pages: new Map(),
    engine: () => ({
      'image.render': () => Promise.reject(new EngineError('ENGINE_EXITED', 'gone')),
      'embed.file': ({ name, offset }) => {
        asked.push(offset)
        return Promise.resolve({ name, bytes: content.slice(offset, offset + partSize), totalBytes: content.length })
      },
    }),
  })
}

describe('the surface', () => {
  it.each([
    [1000, [0]],
    [400, [0, 400, 800]],
    [5000, [0]],
  ])('streams an export in parts of %d bytes as they are taken', async (partSize, offsets) => {
    const asked: number[] = []
    const response = await surfaceOver(partSize, asked)('/export/e1/embeddings.npy', new URLSearchParams())
    const before = [...asked]
    const received: number[] = []
    for await (const part of response.body as AsyncIterable<Uint8Array>) received.push(...part)
    expect({ before, asked, length: response.headers['Content-Length'], received: Uint8Array.from(received) }).toEqual({ before: [0], asked: offsets, length: '1000', received: content })
  })

  it('says that the engine is not running, which is not the same as not found', async () => {
    expect((await surfaceOver(1)('/image/good', new URLSearchParams())).status).toBe(503)
  })

  it('does not take one answer for another', async () => {
    expect(await surfaceOver(1)('/nothing', new URLSearchParams())).toBe(notFound)
  })
})

describe('missingHeaders', () => {
  it.each([
    ['a complete response', {}, []],
    ['no policy', { 'Content-Security-Policy': undefined }, ['Content-Security-Policy']],
    ['a policy that allows framing', { 'Content-Security-Policy': "default-src 'none'" }, ['Content-Security-Policy']],
    ['no type', { 'Content-Type': '' }, ['Content-Type']],
    ['sniffing', { 'X-Content-Type-Options': undefined }, ['X-Content-Type-Options']],
  ])('finds %s', (_title, changed, missing) => {
    const headers: Readonly<Record<string, string | undefined>> = { ...textResponse(200, 'ok').headers, ...changed }
    expect(missingHeaders((name) => headers[name])).toEqual(missing)
  })
})
