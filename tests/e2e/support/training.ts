/** @file What a person reads off the pages of training, as numbers and texts. */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Locator, Page } from 'playwright'

const waitMs = 100_000

/** The first number in a text, thousands without their commas. */
export function numberIn(text: string | null | undefined): number {
  return Number(/-?\d[\d,]*(\.\d+)?/.exec(text ?? '')?.[0].replaceAll(',', '') ?? NaN)
}

/** A list of facts as an object. */
export async function facts(part: Locator): Promise<Readonly<Record<string, string>>> {
  const names = await part.locator('dl dt').allTextContents()
  const values = await part.locator('dl dd').allTextContents()
  return Object.fromEntries(names.map((name, index) => [name, values[index] ?? '']))
}

/** The step that a run's page says it has reached. */
export async function stepOf(page: Page): Promise<number> {
  return numberIn(await page.getByTestId('run-step').textContent())
}

/** Waits for a state of the run on whose page this is, and looks on meanwhile. */
export async function untilState(page: Page, state: string, meanwhile?: () => Promise<void>): Promise<void> {
  const badge = page.locator('h1 ~ [data-testid=run-state]')
  await badge.waitFor()
  const deadline = Date.now() + waitMs
  while ((await badge.getAttribute('data-state')) !== state) {
    const now = await badge.getAttribute('data-state')
    if (now === 'failed' || Date.now() > deadline) throw new Error(`the run is ${String(now)} where ${state} was expected: ${String(await page.getByTestId('run-pace').textContent())}`)
    await meanwhile?.()
    await page.waitForTimeout(50)
  }
}

/** How many steps the loss curve shows and its last value, once there are at least `least`. */
export async function lossCurve(page: Page, least: number): Promise<{ readonly points: number; readonly loss: number }> {
  const plot = page.locator('[data-chart=loss] [role=img]')
  const deadline = Date.now() + waitMs
  for (;;) {
    const label = (await plot.getAttribute('aria-label')) ?? ''
    const [, points = '', loss = ''] = /over ([\d,]+) steps\. Total ([\d.]+)/.exec(label) ?? []
    if (numberIn(points) >= least) return { points: numberIn(points), loss: Number(loss) }
    if (Date.now() > deadline) throw new Error(`the loss chart shows fewer than ${least} steps: ${label}`)
    await page.waitForTimeout(50)
  }
}

/** The loss chart as it is drawn. */
export async function chartPicture(page: Page): Promise<string> {
  return page.locator('[data-chart=loss] canvas').evaluate((canvas: HTMLCanvasElement) => canvas.toDataURL())
}

/** The steps of the checkpoints that a run's page lists, the newest first. */
export async function checkpointSteps(page: Page): Promise<readonly number[]> {
  const list = page.getByRole('complementary', { name: 'About this run' }).locator('section').filter({ hasText: 'Checkpoints' }).locator('li > span:first-child')
  return (await list.allTextContents()).map(numberIn)
}

/** The bytes of the picture that is shown, in base64, once it is loaded. */
export async function pictureBytes(image: Locator): Promise<string> {
  return image.evaluate(async (element: HTMLImageElement) => {
    await element.decode()
    const bytes = new Uint8Array(await (await fetch(element.src)).arrayBuffer())
    return btoa(String.fromCharCode(...bytes))
  })
}

export async function metricLines(runFolder: string): Promise<string> {
  return readFile(join(runFolder, 'metrics.jsonl'), 'utf8')
}
