/** @file `dinoscope doctor`: what works on this machine, what does not and why, and how fast it is. */
import { access, constants, mkdir } from 'node:fs/promises'
import { arch, cpus, platform, release, totalmem } from 'node:os'
import { defaultWorkspace, findAppFolders } from '../../shell'
import { messageOf } from '../../engine/contract'
import { assertUntrustedLoadersBlocked, type PreparedImage } from '../../engine/image'
import { embedBatch, loadBackbone, type Backbone } from '../../engine/inference'
import { createRuntime } from '../../engine/runtime'
import type { CommandContext, CommandResult } from '../context'
import { exitCodes } from '../exit-codes'
import { chooseModel, type ModelOptions } from '../models'

interface Check {
  readonly name: string
  readonly ok: boolean
  readonly note: string
}

const measuredImages = 8

async function check(name: string, work: () => Promise<string>): Promise<Check> {
  try {
    return { name, ok: true, note: await work() }
  } catch (error) {
    return { name, ok: false, note: messageOf(error) }
  }
}

/** Best of three runs over grey pictures: the model alone, without decoding. */
async function measure(backbone: Backbone): Promise<number> {
  const { crop } = backbone.manifest.preprocessing
  const edge = Math.floor(crop / backbone.config.patchSize) * backbone.config.patchSize
  const grey: PreparedImage = { rgb: new Uint8Array(edge * edge * 3).fill(128), height: edge, width: edge, extent: { left: 0, top: 0, width: 1, height: 1 }, note: 'grey' }
  const batch = Array.from({ length: measuredImages }, () => grey)
  await embedBatch(backbone, batch, 'cls')
  let bestMs = Infinity
  for (let run = 0; run < 3; run++) {
    const startedMs = performance.now()
    await embedBatch(backbone, batch, 'cls')
    bestMs = Math.min(bestMs, performance.now() - startedMs)
  }
  return (1000 * measuredImages) / bestMs
}

/** Looks at everything; failed only where the app could not work. */
export async function doctor(options: ModelOptions, context: CommandContext): Promise<CommandResult> {
  const { version } = findAppFolders()
  const workspace = options.workspace ?? defaultWorkspace()
  const runtime = await createRuntime({ preferred: options.provider, threads: options.threads })
  let imagesPerSecond: number | undefined
  try {
    const checks = [
      await check('workspace', async () => {
        await mkdir(workspace, { recursive: true })
        await access(workspace, constants.W_OK)
        return `${workspace} can be written`
      }),
      await check('pictures', async () => {
        await assertUntrustedLoadersBlocked()
        return 'JPEG, PNG, WebP, GIF, TIFF and AVIF are decoded; SVG and other untrusted formats are blocked; HEIC is not supported'
      }),
      await check('model', async () => {
        const folder = await chooseModel(options, context)
        imagesPerSecond = await measure(loadBackbone(runtime, folder))
        return `${folder.manifest.name}: ${imagesPerSecond.toFixed(1)} images/s on ${runtime.provider}`
      }),
    ]
    const [cpu] = cpus()
    const machine = { platform: `${platform()} ${release()}`, arch: arch(), cpu: cpu?.model ?? 'unknown', cores: cpus().length, memoryGb: Math.round(totalmem() / 2 ** 30), node: process.version }
    context.terminal.result({ version, machine, workspace, provider: runtime.provider, threads: runtime.threads, providers: runtime.reports, checks, imagesPerSecond }, [
      `DinoScope ${version}, Node ${machine.node} on ${machine.platform} (${machine.arch})`,
      `${machine.cpu}, ${machine.cores} cores, ${machine.memoryGb} GB`,
      ...runtime.reports.map(({ name, ok, reason }) => `${ok ? '✓' : '✗'} ${name.padEnd(10)} ${reason}${name === runtime.provider ? '  (used)' : ''}`),
      ...checks.map(({ name, ok, note }) => `${ok ? '✓' : '✗'} ${name.padEnd(10)} ${note}`),
    ])
    return checks.every(({ ok }) => ok) ? exitCodes.done : exitCodes.failed
  } finally {
    await runtime.dispose()
  }
}
