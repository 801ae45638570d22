/** @file Two pictures side by side: what is clicked in one is found where it lies in the other, pairs are drawn, common parts coloured. */
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openFolder, root, startApp, type App } from './support/app'

/** The second picture is the first one, moved to the left by five patches of 8 pixels. */
const [edge, patch, moved] = [224, 8, 5]
const shift = moved * patch
const grid = edge / patch
const shots = process.env['DINOSCOPE_SHOTS']

let app: App

const byTestId = (id: string) => app.page.getByTestId(id)
const shoot = async (name: string): Promise<void> => {
  if (shots !== undefined) await app.page.screenshot({ path: join(shots, `${name}.png`) })
}
const mode = (name: string) => app.page.getByRole('radio', { name })
/** The middle of a patch in the overlay of a side, on the page. */
async function placeOf(side: 'left' | 'right', row: number, column: number): Promise<[number, number]> {
  const box = (await byTestId(`match-${side}`).locator('.side-overlay').boundingBox())!
  return [box.x + ((column + 0.5) / grid) * box.width, box.y + ((row + 0.5) / grid) * box.height]
}

beforeAll(async () => {
  app = await startApp()
  const folder = join(app.scratch, 'pair')
  await mkdir(folder)
  const cat = await readFile(join(root, 'resources', 'samples', 'cat.jpg'))
  const cut = (left: number) => sharp(cat).resize({ width: 360, height: edge, fit: 'cover' }).extract({ left, top: 0, width: edge, height: edge }).png().toBuffer()
  await writeFile(join(folder, 'a.png'), await cut(60))
  await writeFile(join(folder, 'b.png'), await cut(60 + shift))
  await openFolder(app.page, folder)
  await byTestId('scan').waitFor({ state: 'detached', timeout: 60_000 })
  await app.page.evaluate(() => {
    localStorage.setItem('dinoscope.settings', JSON.stringify({ ...JSON.parse(localStorage.getItem('dinoscope.settings') ?? '{}'), analysisSize: 224 }))
  })
  await app.page.reload()
  await byTestId('tile').first().waitFor()
  await app.page.getByRole('link', { name: 'Match' }).click()
})
afterAll(async () => { await app.stop() })

describe('two pictures side by side', () => {
  it('light each other: a patch is found where it has moved to', async () => {

    await byTestId('match-right').locator('.side-overlay').waitFor({ timeout: 30_000 })
    await byTestId('match-left').locator('.side-overlay').waitFor()
    await app.page.mouse.click(...(await placeOf('left', 13, 16)))
    await byTestId('match-facts').getByText('Best in the other picture: row 14, column 12').waitFor({ timeout: 30_000 })
    expect(await byTestId('match-overlay').count()).toBe(2)
    await shoot('match patch')
    // And back: what is clicked on the right is found on the left.
    await app.page.mouse.click(...(await placeOf('right', 8, 9)))
    await byTestId('match-facts').getByText('Best in the other picture: row 9, column 15').waitFor()
  })

  it('are joined by lines between patches that choose each other, nearly all by the same shift', async () => {
    await mode('Pairs').click()
    await byTestId('match-line').first().waitFor({ state: 'attached', timeout: 30_000 })
    const overlay = (await byTestId('match-left').locator('.side-overlay').boundingBox())!
    const other = (await byTestId('match-right').locator('.side-overlay').boundingBox())!
    const shifts = await byTestId('match-line').evaluateAll((lines, across) => lines.map((line) => {
      const number = (name: string): number => Number(line.getAttribute(name))
      return [Math.round((number('x2') - number('x1')) / across), Math.round((number('y2') - number('y1')) / across)] as const
    }), overlay.width / grid)
    const wanted = Math.round((other.x - overlay.x) / (overlay.width / grid)) - moved
    const right = shifts.filter(([x, y]) => Math.abs(x - wanted) <= 1 && y === 0).length
    expect({ lines: shifts.length, right: right / shifts.length > 0.8 }).toEqual({ lines: 60, right: true })
    await shoot('match pairs')
  })

  it('show the parts that both have in the same colours', async () => {
    await mode('Common parts').click()
    await byTestId('match-facts').getByText('Part 1').waitFor({ timeout: 30_000 })
    expect(await byTestId('match-overlay').count()).toBe(2)
    await shoot('match parts')
  })

  it('change sides, and step through the folder on the side that is active', async () => {
    await app.page.keyboard.press('x')
    await byTestId('match-left').getByText('b.png').waitFor()
    await app.page.keyboard.press('s')
    await app.page.keyboard.press('1')
    expect(app.complaints).toEqual([])
  })
})
