/** @file Teaching a model of one's own: plan, watch, stop, resume, look through its teacher, export it and bring the file back. */
import { cp, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { importModel, nextOverlay, openFolder, overlay, root, startApp, type App } from './support/app'
import { chartPicture, checkpointSteps, facts, lossCurve, metricLines, numberIn, pictureBytes, stepOf, untilState } from './support/training'

/** Enough to watch and to stop in the middle. */
const steps = 300
const runName = 'Kleine Probe'
/** Largest absolute difference of the exported file, on tokens of order 1. */
const tolerance = 1e-4

let app: App
/** What the cat looks like through the models, as hashes of all values of the overlay. */
let bundled: string
let trained: { readonly attention: string; readonly similarity: string }
let exported: string
let stoppedAt = 0
let linesWhenStopped = ''

beforeAll(async () => {
  app = await startApp()
  await cp(join(root, 'resources', 'samples'), join(app.scratch, 'Fotos'), { recursive: true })
})
afterAll(async () => { await app.stop() })

const byTestId = (id: string) => app.page.getByTestId(id)
const button = (name: string | RegExp) => app.page.getByRole('button', { name, exact: true })

async function runFolder(): Promise<string> {
  const runs = join(app.scratch, 'workspace', 'runs')
  const [id, ...others] = await readdir(runs)
  if (id === undefined || others.length > 0) throw new Error(`${runs} holds ${others.length + 1} runs where one was started`)
  return join(runs, id)
}

async function openCat(): Promise<void> {
  await app.page.getByRole('link', { name: 'Library' }).click()
  const cat = byTestId('tile').filter({ hasText: 'cat.jpg' })
  // While pictures still come in, the grid may move between the two clicks.
  await cat.locator('img[data-loaded=true]').waitFor()
  await cat.dblclick()
}

/** The cat's attention, and its similarity to one patch, with the model in use. */
async function lookAtCat(before: string): Promise<typeof trained> {
  const attention = await nextOverlay(app.page, before)
  await app.page.getByRole('tab', { name: 'Similarity' }).click()
  await overlay(app.page).waitFor({ state: 'attached' })
  const box = await overlay(app.page).boundingBox()
  await app.page.mouse.click(box!.x + 0.3 * box!.width, box!.y + 0.4 * box!.height)
  // Under the pointer lies the patch that is compared: once its own map is shown, it is most like itself.
  await byTestId('readout').getByText(/1\.000/).waitFor()
  return { attention, similarity: await nextOverlay(app.page, attention) }
}

describe('training a backbone of one’s own', () => {
  it('begins with a folder that is looked at through the bundled model', async () => {
    await openFolder(app.page, join(app.scratch, 'Fotos'))
    await openCat()
    bundled = await nextOverlay(app.page)
  })

  it('plans a run on the open folder with a preset and changes of one’s own', async () => {
    await app.page.getByRole('link', { name: 'Train' }).click()
    expect(await byTestId('train-images').textContent()).toMatch(/Fotos.*6 images to learn from/)
    await byTestId('presets').locator('[data-preset=tiny-smoke]').click()
    await byTestId('run-length').fill(String(steps))
    await byTestId('advanced').click()
    const recipe = byTestId('recipe-text')
    const text = await recipe.inputValue()
    expect(text).toContain(`steps: ${steps}`)
    await recipe.fill(text.replace('log_every: 1', 'log_every: 0'))
    await byTestId('recipe-problems').getByText('watch.log_every').waitFor()
    expect(await byTestId('measure').isDisabled()).toBe(true)
    await recipe.fill(text.replace(/probe_every: .*/, 'probe_every: 10%').replace(/every_steps: .*/, 'every_steps: 0'))
    await byTestId('recipe-problems').waitFor({ state: 'detached' })
    await byTestId('train-name').fill(runName)
  })

  it('tells what the run would take, from steps it tried, and how little so few pictures can give', async () => {
    await byTestId('measure').click()
    await byTestId('card').waitFor({ timeout: 90_000 })
    const card = await facts(byTestId('card'))
    expect(card).toMatchObject({ Images: '6', Steps: String(steps), Batch: '4', Parameters: expect.stringMatching(/^\d+ k \+ \d+ k$/) as string })
    const [hours, rate] = await byTestId('card').locator('strong').allTextContents()
    const stepMs = numberIn(card['A step takes'])
    expect(card['A step takes']).toMatch(/^\d+ ms$/)
    expect(hours).toMatch(/^(\d+ ms|\d+ s|\d+ min)$/)
    // Four pictures a step; what is shown is rounded.
    expect((numberIn(rate) * stepMs) / 4000).toBeCloseTo(1, 0)
    expect(card['Memory']).toMatch(/^\d.* [MG]B of \d.* GB free$/)
    expect(await byTestId('card').locator('[data-verdict]').getAttribute('data-verdict')).toBe('poor')
    expect(await byTestId('card').locator('[data-verdict] li').first().textContent()).toMatch(/^6 pictures from scratch teach colours and textures at most/)
  })

  it('trains, and the curves move', async () => {
    await byTestId('start').click()
    await untilState(app.page, 'running')
    expect(await app.page.getByRole('heading', { level: 1 }).textContent()).toBe(runName)
    const first = await lossCurve(app.page, 3)
    const picture = await chartPicture(app.page)
    const later = await lossCurve(app.page, first.points + 10)
    expect(await chartPicture(app.page)).not.toBe(picture)
    // The head has 64 prototypes: about ln 64 = 4.2 nats where nothing is known.
    for (const { loss } of [first, later]) {
      expect(loss).toBeGreaterThan(0.5)
      expect(loss).toBeLessThan(8)
    }
    expect(await stepOf(app.page)).toBeGreaterThanOrEqual(later.points)
  })

  it('stops with a checkpoint of the very step it had reached', async () => {
    await button('Stop').click()
    await untilState(app.page, 'stopped')
    stoppedAt = await stepOf(app.page)
    expect(stoppedAt).toBeGreaterThan(0)
    expect(stoppedAt).toBeLessThan(steps)
    expect((await checkpointSteps(app.page))[0]).toBe(stoppedAt)
    linesWhenStopped = await metricLines(await runFolder())
    expect(linesWhenStopped.split('\n').length - 1).toBe(stoppedAt)
  })

  it('resumes there and not at the beginning, to its end', async () => {
    await button('Resume this run').click()
    const seen: number[] = []
    await untilState(app.page, 'finished', async () => { seen.push(await stepOf(app.page)) })
    expect(seen.length).toBeGreaterThan(1)
    expect(seen).toEqual([...seen].sort((a, b) => a - b))
    expect(seen[0]).toBeGreaterThanOrEqual(stoppedAt)
    expect(await stepOf(app.page)).toBe(steps)
    expect((await lossCurve(app.page, steps)).points).toBe(steps)
    const lines = await metricLines(await runFolder())
    expect(lines.startsWith(linesWhenStopped)).toBe(true)
    const numbered = lines.trimEnd().split('\n').map((line) => (JSON.parse(line) as { readonly step: number }).step)
    expect(numbered).toEqual(Array.from({ length: steps }, (_, index) => index + 1))
  })

  it('shows the probe pictures through time', async () => {
    await byTestId('run-tabs').getByRole('radio', { name: 'Pictures through time' }).click()
    await byTestId('probe-picture').first().waitFor()
    expect(await byTestId('probe-picture').count()).toBe(2)
    expect(await byTestId('probe-step').textContent()).toBe(`step ${steps}`)
    const attention = byTestId('probe-picture').first().locator('img[data-part=attentionId]')
    const last = await pictureBytes(attention)
    await app.page.getByRole('slider', { name: 'Moment' }).press('Home')
    expect(await byTestId('probe-step').textContent()).toBe('step 0')
    expect(await pictureBytes(attention)).not.toBe(last)
    const shown = new Set<string | null>()
    await byTestId('play').click()
    await expect.poll(async () => shown.add(await byTestId('probe-step').textContent()).size, { timeout: 20_000, interval: 20 }).toBeGreaterThan(4)
    await byTestId('play').click()
  })

  it('gives the morning report to take along', async () => {
    await button(`More for ${runName}`).click()
    const [download] = await Promise.all([app.page.waitForEvent('download'), app.page.getByRole('menuitem', { name: /^Morning report/ }).click()])
    expect(download.suggestedFilename()).toMatch(/\.html$/)
    const report = await readFile(await download.path(), 'utf8')
    for (const part of [runName, '<svg', 'data:image/', 'finished']) expect(report.toLowerCase()).toContain(part.toLowerCase())
  })

  it('opens the inspector with its teacher, which sees otherwise than the bundled model', async () => {
    await byTestId('look').click()
    trained = await lookAtCat(bundled)
    expect(await byTestId('inspector-model-picker').textContent()).toContain(`${runName}, step ${steps}`)
  })

  it('exports the teacher as ONNX, as near to the engine as float32 is', async () => {
    await app.page.getByRole('link', { name: 'Models', exact: true }).click()
    await button(`Export ${runName}, step ${steps}`).click()
    await byTestId('export-start').click()
    await byTestId('export-result').waitFor({ timeout: 60_000 })
    const rows = await byTestId('parity').locator('tbody tr').all()
    expect(rows.length).toBeGreaterThan(1)
    for (const row of rows) {
      const [, tokens, attention, cosine] = (await row.locator('td').allTextContents()).map(Number)
      expect(tokens).toBeLessThan(tolerance)
      expect(attention).toBeLessThan(tolerance)
      expect(cosine).toBeGreaterThan(1 - 1e-6)
    }
    const [download] = await Promise.all([app.page.waitForEvent('download'), byTestId('export-result').getByRole('link').first().click()])
    expect(download.suggestedFilename()).toMatch(/\.onnx$/)
    exported = join(app.scratch, download.suggestedFilename())
    await download.saveAs(exported)
    await button('Done').click()
  })

  it('sees the same through the exported file', async () => {
    // The bundled model is looked through in between, so that nothing old can be taken for the answer.
    await byTestId('model-card').filter({ hasText: 'DinoScope mini' }).getByRole('button', { name: 'Use this model' }).click()
    await openCat()
    await app.page.getByRole('tab', { name: 'Attention' }).click()
    await expect.poll(() => nextOverlay(app.page), { timeout: 30_000 }).toBe(bundled)
    await importModel(app.page, exported)
    await byTestId('imported').getByRole('button', { name: 'Use it' }).click()
    const used = byTestId('model-card').and(app.page.locator('[data-active=true]'))
    await used.filter({ hasText: '.onnx' }).filter({ hasText: runName }).waitFor()
    await openCat()
    // Every value of attention and similarity, bit for bit.
    expect(await lookAtCat(bundled)).toEqual(trained)
  })

  it('has left no complaint in the console', () => {
    expect(app.complaints).toEqual([])
  })
})
