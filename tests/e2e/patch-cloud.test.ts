/** @file A cloud of patches: what is drawn round in it is lit in the pictures, what is brushed in a picture is chosen in it. */
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFolder, startApp, type App } from './support/app'

const pictures = 12
const [edge, margin, crop] = [256, 16, 224]
const shots = process.env['DINOSCOPE_SHOTS']

let app: App

/** Where the warm block of picture `index` lies: in whole cells of 56 pixels of what the model sees. */
const block = (index: number) => ({ left: margin + 56 * (index % 3), top: margin + 56 * (Math.floor(index / 3) % 3), size: 112 })

/** A warm block on cold ground, both a little uneven. */
async function makePictures(folder: string): Promise<void> {
  await mkdir(folder)
  for (let index = 0; index < pictures; index++) {
    const { left, top, size } = block(index)
    const rgb = Buffer.alloc(3 * edge * edge)
    for (let y = 0; y < edge; y++)
      for (let x = 0; x < edge; x++) {
        const isInside = x >= left && x < left + size && y >= top && y < top + size
        const uneven = (x * 7 + y * 13 + index * 5) % (9 + index)
        rgb.set(isInside ? [220 - uneven, 90 + uneven, 40] : [30, 70 + uneven, 140 - uneven], 3 * (y * edge + x))
      }
    await writeFile(join(folder, `${String(index).padStart(2, '0')}.png`), await sharp(rgb, { raw: { width: edge, height: edge, channels: 3 } }).png().toBuffer())
  }
}

const byTestId = (id: string) => app.page.getByTestId(id)
const button = (name: string | RegExp) => app.page.getByRole('button', { name })
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
const tile = (name: string) => byTestId('patch-tile').and(app.page.locator(`[data-name="${name}"]`))

/** Which patches of a picture are lit, row by row. */
const litIn = (name: string): Promise<boolean[]> =>
  tile(name).evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height)
    return Array.from({ length: data.length / 4 }, (_, patch) => data[4 * patch]! + data[4 * patch + 1]! + data[4 * patch + 2]! > 0)
  })
/** Which patches lie whole in the block (1), whole outside (0), or across its edge (undefined). */
function truth(index: number, count: number): (boolean | undefined)[] {
  const grid = Math.sqrt(count)
  const { left, top, size } = block(index)
  const share = (from: number, start: number): number => {
    const step = crop / grid
    const low = margin + from * step
    return Math.max(0, Math.min(low + step, start + size) - Math.max(low, start)) / step
  }
  return Array.from({ length: count }, (_, patch) => {
    const area = share(patch % grid, left) * share(Math.floor(patch / grid), top)
    return area > 0.999 ? true : area < 0.001 ? false : undefined
  })
}

async function drawRound(shape: readonly (readonly [number, number])[]): Promise<void> {
  const box = (await byTestId('map-canvas').boundingBox())!
  const at = ([x, y]: readonly [number, number]): [number, number] => [box.x + x * box.width, box.y + y * box.height]
  await app.page.mouse.move(...at(shape[0]!))
  await app.page.mouse.down()
  for (const place of shape.slice(1)) await app.page.mouse.move(...at(place), { steps: 4 })
  await app.page.mouse.up()
}

beforeAll(async () => {
  app = await startApp()
  await makePictures(join(app.scratch, 'blocks'))
  await openFolder(app.page, join(app.scratch, 'blocks'))
  await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
  await button('Embed…').click()
  await app.page.getByRole('dialog').getByRole('button', { name: 'Embed', exact: true }).click()
  await byTestId('embed-status').getByText(`${pictures} with patch tokens`).waitFor({ timeout: 60_000 })
  await app.page.keyboard.press('Escape')
  await app.page.getByRole('link', { name: 'Map' }).click()
  await app.page.getByRole('radio', { name: 'Patches' }).click()
  await byTestId('map-note').getByText('patches').waitFor({ timeout: 60_000 })
  await app.page.getByRole('radio', { name: '2D' }).click()
  await byTestId('patch-tile').first().waitFor()
  await app.page.waitForTimeout(1000)
})
afterAll(async () => { await app.stop() })

describe('a cloud of patches', () => {
  it('lights in every picture the very patches that a lasso takes', async () => {
    await shoot('patch cloud')
    // The first principal component tells warm from cold, so one half of the cloud is the blocks.
    await app.page.keyboard.press('l')
    await drawRound([[0.5, 0.02], [0.98, 0.02], [0.98, 0.98], [0.5, 0.98]])
    await button('Choose none').waitFor()
    await shoot('patch cloud lasso')
    const names = await byTestId('patch-tile').evaluateAll((tiles) => tiles.map((one) => one.getAttribute('data-name') ?? ''))
    expect(names.length).toBe(pictures)
    const agreements = await Promise.all(
      names.map(async (name) => {
        const lit = await litIn(name)
        const known = truth(Number.parseInt(name, 10), lit.length)
        const counted = lit.flatMap((one, patch) => (known[patch] === undefined ? [] : [one === known[patch]]))
        const right = counted.filter(Boolean).length / counted.length
        // Which half it is, the sign of the component says.
        return { right: Math.max(right, 1 - right), isBlock: right > 0.5 }
      }),
    )
    expect(Math.min(...agreements.map(({ right }) => right))).toBeGreaterThan(0.9)
    expect(new Set(agreements.map(({ isBlock }) => isBlock)).size).toBe(1)
  })

  it('takes back and brings again what was chosen', async () => {
    const before = await byTestId('map-count').textContent()
    await app.page.keyboard.press('Control+z')
    await byTestId('map-count').getByText('brush them').waitFor()
    await app.page.keyboard.press('Control+y')
    expect(await byTestId('map-count').textContent()).toBe(before)
    await button('Choose none').click()
  })

  it('is chosen by brushing a picture, in one step', async () => {
    const box = (await tile('00.png').boundingBox())!
    await app.page.mouse.move(box.x + 0.1 * box.width, box.y + 0.1 * box.height)
    await app.page.mouse.down()
    await app.page.mouse.move(box.x + 0.4 * box.width, box.y + 0.1 * box.height, { steps: 12 })
    await app.page.mouse.up()
    const count = Number.parseInt((await byTestId('map-count').textContent()) ?? '', 10)
    expect(count).toBeGreaterThan(3)
    expect(await byTestId('map-count').textContent()).toContain('in 1 picture')
    expect((await litIn('00.png')).filter(Boolean).length).toBe(count)
    await shoot('patch cloud brush')
    await app.page.keyboard.press('Control+z')
    await byTestId('map-count').getByText('brush them').waitFor()
  })

  it('wears frozen colours under a name', async () => {
    await button(/^Freeze colours/).click()
    await app.page.getByRole('dialog').getByRole('textbox').fill('Blocks')
    await app.page.keyboard.press('Enter')
    await button('Colour: Blocks').waitFor({ timeout: 30_000 })
    await shoot('patch cloud colours')
    await app.page.reload()
    await app.page.getByRole('link', { name: 'Map' }).click()
    expect(app.complaints).toEqual([])
  })
})
