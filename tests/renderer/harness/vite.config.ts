/** @file Serves the page over a fake engine: `npx vite --config tests/renderer/harness/vite.config.ts`, pictures from DINOSCOPE_PHOTOS. */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { join } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig, type Plugin } from 'vite'
import type { FakePicture } from '../fake-engine'

const photos = process.env['DINOSCOPE_PHOTOS']
const limit = Number(process.env['DINOSCOPE_PHOTO_COUNT'] ?? 1000)
const idOf = (name: string): string => createHash('sha1').update(name).digest('hex').slice(0, 16)

/** Width and height from the frame header of a JPEG; 640 × 480 for anything else. */
function sizeOf(bytes: Buffer): { readonly width: number; readonly height: number } {
  for (let at = 2; bytes[0] === 0xff && at + 9 < bytes.length; at += 2 + bytes.readUInt16BE(at + 2)) {
    const marker = bytes[at + 1] ?? 0
    if (marker >= 0xc0 && marker <= 0xc3) return { height: bytes.readUInt16BE(at + 5), width: bytes.readUInt16BE(at + 7) }
  }
  return { width: 640, height: 480 }
}

function listPhotos(folder: string): ReadonlyMap<string, { readonly path: string; readonly picture: FakePicture }> {
  const names = readdirSync(folder).filter((name) => /\.(jpe?g|png)$/i.test(name)).slice(0, limit)
  return new Map(
    names.map((name, index) => {
      const path = join(folder, name)
      const { size, mtimeMs } = statSync(path)
      const relativePath = index % 9 < 5 ? name : `${index % 2 === 0 ? 'walks' : 'walks/evening'}/${name}`
      const broken = index % 41 === 17 ? 'the JPEG data ends after 52 % of the picture' : undefined
      return [idOf(name), { path, picture: { id: idOf(name), relativePath, sizeBytes: size, modifiedMs: mtimeMs - index * 3.6e6, ...sizeOf(readFileSync(path)), broken } }]
    }),
  )
}

function drawn(id: string): string {
  const hue = Number.parseInt(id.slice(0, 2), 16)
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 480" width="640" height="480"><rect width="640" height="480" fill="hsl(${hue} 30% 30%)"/><circle cx="320" cy="240" r="150" fill="hsl(${hue + 40} 60% 60%)"/></svg>`
}

/** A probe picture that goes from noise to a shape: `probe-KIND-PICTURE-FRAME`. */
function drawnProbe(kind: string, picture: number, frame: number): string {
  const share = 1 - Math.exp(-frame / 5)
  const cells = Array.from({ length: 12 * 16 }, (_, index) => {
    const y = (Math.floor(index / 16) + 0.5) / 12 - 0.5
    const x = ((index % 16) + 0.5) / 16 - 0.4 - 0.08 * picture
    const noise = ((Math.imul(index + 1, 2654435761) ^ Math.imul(frame + picture * 31 + 7, 40503)) >>> 8) % 100
    const value = share * 100 * Math.exp(-(x * x * 9 + y * y * 7)) + (1 - share) * noise
    const colour = kind === 'attention' ? `hsl(${20 + value * 0.35} 90% ${value * 0.62}%)` : `hsl(${value * 2.4 + picture * 40} 55% 55%)`
    return `<rect x="${index % 16}" y="${Math.floor(index / 16)}" width="1.02" height="1.02" fill="${colour}"/>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 12" width="640" height="480" shape-rendering="crispEdges">${cells.join('')}</svg>`
}

function servePictures(): Plugin {
  const known = photos === undefined ? undefined : listPhotos(photos)
  const invented = Array.from({ length: limit }, (_, index): FakePicture => {
    const id = idOf(String(index))
    return { id, relativePath: `picture ${index}.svg`, width: 640, height: 480, sizeBytes: 1000 + index, modifiedMs: index * 1000 }
  })
  const answer = (request: IncomingMessage, response: ServerResponse, next: () => void): void => {
    const url = new URL(request.url ?? '/', 'http://harness')
    if (url.pathname === '/harness/pictures.json') {
      response.setHeader('Content-Type', 'application/json').end(JSON.stringify(known ? [...known.values()].map(({ picture }) => picture) : invented))
      return
    }
    const id = /\/image\/([^/]+)$/.exec(url.pathname)?.[1]
    if (id === undefined) {
      next()
      return
    }
    const [, kind, probe, frame] = /^probe-(\w+)-(\d+)-(\d+)$/.exec(id) ?? []
    const path = known?.get(id)?.path
    if (kind !== undefined) response.setHeader('Content-Type', 'image/svg+xml').end(drawnProbe(kind, Number(probe), Number(frame)))
    else if (path === undefined) response.setHeader('Content-Type', 'image/svg+xml').end(drawn(id))
    else response.setHeader('Content-Type', path.endsWith('png') ? 'image/png' : 'image/jpeg').end(readFileSync(path))
  }
  return {
    name: 'serve-pictures',
    configureServer: (server) => {
      server.middlewares.use(answer)
    },
  }
}

export default defineConfig({
  root: join(import.meta.dirname, '../../..'),
  cacheDir: 'node_modules/.vite-harness',
  plugins: [vue(), servePictures()],
  server: { host: '127.0.0.1', port: 5199, strictPort: true },
})
