import { describe, expect, it } from 'vitest'
import type { EngineError } from '../../../src/engine/contract'
import { createUploads, type Uploads } from '../../../src/engine/host/uploads'
import { jpegPicture } from '../../helpers/pictures'
import { thrownBy } from '../../helpers/thrown'

describe('uploads', () => {
  it('are kept as they came, a view of a larger buffer too', async () => {
    const picture = await jpegPicture(40, 30)
    const wire = new Uint8Array(picture.length + 7)
    wire.set(picture, 7)
    const uploads = createUploads()
    const { name, bytes } = uploads.get(await uploads.keep('dropped.jpg', wire.subarray(7)))
    expect({ name, same: bytes.equals(picture) }).toEqual({ name: 'dropped.jpg', same: true })
  })

  it('forget the one not used for the longest when there are too many or they are too large, never the newest', async () => {
    const picture = await jpegPicture(40, 30)
    const kept = (uploads: Uploads, ids: readonly string[]): readonly string[] =>
      ids.map((id) => {
        try {
          return uploads.get(id).name
        } catch (error) {
          return (error as EngineError).code
        }
      })
    const few = createUploads(2)
    const [a, b] = [await few.keep('a', picture), await few.keep('b', picture)]
    few.get(a)
    const c = await few.keep('c', picture)
    expect(kept(few, [a, b, c])).toEqual(['a', 'NOT_FOUND', 'c'])
    const small = createUploads(5, picture.length - 1)
    const [d, e] = [await small.keep('d', picture), await small.keep('e', picture)]
    expect(kept(small, [d, e])).toEqual(['NOT_FOUND', 'e'])
  })

  it.each([
    ['empty', Buffer.alloc(0), 'IMG_EMPTY'],
    ['text', Buffer.from('<script>alert(1)</script>'), /^IMG_(CORRUPT|UNSUPPORTED)$/],
  ] as const)('refuse what is %s, by its name', async (name, bytes, code) => {
    expect(await thrownBy(() => createUploads().keep(name, bytes))).toMatchObject({ code: expect.stringMatching(code) as string, message: expect.stringContaining(`${name}: `) as string, detail: { name } })
  })

  it('refuse a picture that ends early, and one with more pixels than are decoded', async () => {
    const cut = (await jpegPicture(300, 200)).subarray(0, 700)
    const huge = await jpegPicture(16, 16)
    // The size in the frame header: 5 bytes behind the marker FFC0.
    const frame = huge.indexOf(Buffer.from([0xff, 0xc0]))
    huge.writeUInt16BE(60_000, frame + 5)
    huge.writeUInt16BE(60_000, frame + 7)
    expect([await thrownBy(() => createUploads().keep('cut.jpg', cut)), await thrownBy(() => createUploads().keep('huge.jpg', huge))]).toMatchObject([{ code: 'IMG_TRUNCATED' }, { code: 'IMG_TOO_LARGE' }])
  })
})
