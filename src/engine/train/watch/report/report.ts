/** @file The morning report: one HTML file that says what a run was, how it went, and what to do next. No scripts, nothing fetched. */
import { EngineError, methodNames, type FileProblem, type MetricSeries, type RunInfo } from '../../../contract'
import { bytesText, countText, durationText, timeText } from './figures'
import { html, joined, type Markup } from './html'
import { nextSteps } from './next-steps'
import type { ReportProbe } from './report-probes'
import { chartSection, keyFigures, type References } from './sections'
import { reportStyle } from './style'

export interface ReportData {
  /** Of the run, for the commands that go on from it. */
  readonly folder: string
  readonly run: RunInfo
  readonly metrics: MetricSeries
  /** Time spent training, over all its sessions, milliseconds. */
  readonly trainedMs: number
  /** ISO 8601. */
  readonly writtenAt: string
  /** What it ran on, such as `CPU, 8 threads`. */
  readonly device: string
  /** The whole recipe, YAML. */
  readonly recipe: string
  readonly probes: readonly ReportProbe[]
  /** May be a part of them; `run.skippedImages` counts all. */
  readonly skipped: readonly FileProblem[]
  readonly references?: References
}

const pictureUri = /^data:image\/(?:png|jpeg);base64,[A-Za-z0-9+/]+={0,2}$/

/** An image source that can be nothing but a picture. @throws EngineError INTERNAL */
function picture(uri: string): string {
  if (!pictureUri.test(uri)) throw new EngineError('INTERNAL', `the report was given ${JSON.stringify(uri.slice(0, 40))} as a picture; a PNG or JPEG as a data URI was expected`)
  return uri
}

function outcome({ run, trainedMs }: ReportData): string {
  const { state, step, stepsTotal, reason, images, source, init } = run
  const learned = `${run.summary.architecture} ${init === undefined ? 'from scratch' : `from ${init}`} on ${countText(images)} pictures of ${source}`
  const ended: Readonly<Record<RunInfo['state'], string>> = {
    finished: `finished all ${countText(stepsTotal)} steps`,
    stopped: `was stopped at step ${countText(step)} of ${countText(stepsTotal)}`,
    interrupted: `was interrupted at step ${countText(step)} of ${countText(stepsTotal)}`,
    failed: `failed at step ${countText(step)} of ${countText(stepsTotal)}`,
    starting: 'is starting',
    running: `is at step ${countText(step)} of ${countText(stepsTotal)}`,
    paused: `is paused at step ${countText(step)} of ${countText(stepsTotal)}`,
    stopping: `is stopping at step ${countText(step)} of ${countText(stepsTotal)}`,
  }
  return `${learned}. It ${ended[state]} after ${durationText(trainedMs)}${reason === undefined ? '' : `: ${reason}`}.`
}

function probeSection(probes: readonly ReportProbe[]): Markup | undefined {
  const shown = probes.filter(({ moments }) => moments.length > 0)
  if (shown.length === 0) return undefined
  const strips = shown.map(({ name, photo, moments }) => {
    const columns = moments.map(({ step, attention, pca }) => html`<div><img src="${picture(attention)}" alt="attention at step ${step}"><img src="${picture(pca)}" alt="PCA at step ${step}"><span>step ${countText(step)}</span></div>`)
    return html`<article class="card probe"><h3>${name}</h3><div class="strip"><img class="small" src="${picture(photo)}" alt="${name}"><div class="moments">${columns}</div></div></article>`
  })
  return html`<h2>What it saw</h2><p class="lead">The same pictures through the run. Above: what it attends to in its last block, mean over heads, each stretched to its own range. Below: the three directions in which its patches differ most, as red, green and blue, turned to follow the picture before.</p><div class="probes">${strips}</div>`
}

function warningSection({ warnings }: RunInfo): Markup {
  if (warnings.length === 0) return html`<h2>Warnings</h2><p class="lead">None: no sign of collapse was seen, and every step was finite.</p>`
  const items = warnings.map(({ step, message, advice }) => html`<li class="warning"><p><b>Step ${countText(step)}</b> · ${message}</p><p>${advice}</p></li>`)
  return html`<h2>Warnings</h2><p class="lead">What was noticed while it trained, and what to change.</p><ul class="warnings">${items}</ul>`
}

function nextSection({ run, metrics, folder }: ReportData): Markup {
  const items = nextSteps(run, metrics, folder).map(({ title, text, command }) => html`<li class="card"><h3>${title}</h3><p>${text}</p>${command === undefined ? undefined : html`<code>${command}</code>`}</li>`)
  return html`<h2>What to do next</h2><ol class="next">${items}</ol>`
}

function factSection({ run, device, writtenAt }: ReportData): Markup {
  const { summary, checkpoints } = run
  const kept = checkpoints.map(({ step, best, savedAt }) => html`step ${countText(step)}${best ? ' (best)' : ''}, ${timeText(savedAt)}`)
  const facts: readonly (readonly [string, string | Markup])[] = [
    ['Pictures', `${countText(run.images)} of ${run.source}`],
    ['Left out', countText(run.skippedImages)],
    ['Method', methodNames[summary.method]],
    ['Backbone', `${summary.architecture}, ${countText(summary.backboneParameters)} weights`],
    ['Heads', `${countText(summary.headParameters)} weights`],
    ['Began with', run.init ?? 'random weights'],
    ...(run.teacher === undefined ? [] : [['Learned from', `${run.teacher}, frozen`] as const]),
    ['Crops', `2 × ${summary.globalSize} px + ${summary.localCrops} × ${summary.localSize} px`],
    ['Batch', summary.batch === 'auto' ? 'not found yet' : summary.accumulate > 1 ? `${summary.batch} × ${summary.accumulate}` : String(summary.batch)],
    ['Ran on', device],
    ['Begun', timeText(run.createdAt)],
    ['Report written', timeText(writtenAt)],
    ['On disk', bytesText(run.sizeBytes)],
    ['Checkpoints', kept.length === 0 ? 'none' : joined(kept, html`<br>`)],
    ['Run', run.id],
  ]
  return html`<h2>The run</h2><dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}

function skippedSection(total: number, skipped: readonly FileProblem[]): Markup | undefined {
  if (total === 0 && skipped.length === 0) return undefined
  const items = skipped.map(({ relativePath, reason }) => html`<li><code>${relativePath}</code> ${reason}</li>`)
  const rest = total > skipped.length ? html`<li>and ${countText(total - skipped.length)} more, listed in train.log</li>` : undefined
  return html`<details><summary>${countText(Math.max(total, skipped.length))} files left out</summary><ul class="card">${items}${rest}</ul></details>`
}

/**
 * The whole report as one HTML document for light, dark and paper. Everything that is not our own text is escaped.
 * @throws EngineError INTERNAL when a picture is no data URI of a PNG or JPEG
 */
export function renderReport(data: ReportData): string {
  const { run, metrics, trainedMs, probes, recipe, skipped, references = {} } = data
  const charts = chartSection(metrics, references)
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<title>${run.name} · DinoScope</title>
<style>${{ markup: reportStyle }}</style>
</head>
<body>
<main>
<header><p class="eyebrow">DinoScope · training report</p><h1>${run.name}</h1><p class="lead">${outcome(data)}</p></header>
<section class="tiles">${keyFigures(run, metrics, trainedMs)}</section>
<section>${probeSection(probes)}</section>
<section><h2>How it learned</h2><p class="lead">${charts.length === 0 ? 'Nothing was measured.' : 'Over steps; the strong line is the running mean, the number the latest of it.'}</p><div class="charts">${charts}</div></section>
<section>${warningSection(run)}</section>
<section>${nextSection(data)}</section>
<section>${factSection(data)}${skippedSection(run.skippedImages, skipped)}<details><summary>Recipe</summary><pre class="card">${recipe}</pre></details></section>
<footer>Written by DinoScope on this computer. This file is complete: it loads nothing.</footer>
</main>
</body>
</html>
`
  return markup
}
