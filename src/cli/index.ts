/** @file The `dinoscope` command: reads the command line, and loads of each command only what it needs. */
import { Command, CommanderError, Option } from 'commander'
import { findAppFolders } from '../shell'
import type { BenchOptions } from './commands/bench'
import type { CompareOptions } from './commands/compare'
import type { CurateOptions } from './commands/curate'
import type { DedupeOptions } from './commands/dedupe'
import type { DepthOptions, HeadOptions } from './commands/depth'
import type { DownloadOptions } from './commands/download'
import type { EmbedOptions } from './commands/embed'
import type { EvalKnnOptions } from './commands/eval'
import type { EvalOptions } from './commands/eval-sides'
import type { ExportOptions } from './commands/export'
import type { InspectOptions } from './commands/inspect'
import type { ImportOptions, WorkspaceOption } from './commands/models'
import type { MatchOptions } from './commands/match'
import type { PrecisionOptions } from './commands/precision'
import type { ProbeOptions } from './commands/probe'
import type { ProjectOptions } from './commands/project'
import type { PropagateOptions } from './commands/propagate'
import type { SearchOptions } from './commands/search'
import type { SegmentOptions } from './commands/segment'
import type { TrainHeadOptions } from './commands/train-head'
import type { ServeOptions } from './commands/serve'
import type { TrainOptions } from './commands/train-options'
import { runCommand, type CommandContext, type CommandResult } from './context'
import { exitCodes } from './exit-codes'
import type { ModelOptions } from './models'
import { addEvaluation, addJson, addModel, addPrecision, addRuntime, addWorkspace, architecture, countOrAuto, heightByWidth, metres, pictureSize, segmentFiles, pixelPlace, threeNumbers, wholeNumber, wholeNumbers, zeroToOne } from './options'

interface Json {
  readonly json?: boolean
}

/** Runs a command's work and leaves its status as the process's. */
async function finish(options: Json, work: (context: CommandContext) => Promise<CommandResult>): Promise<void> {
  process.exitCode = await runCommand(options, work)
}

function buildProgram(): Command {
  const program = new Command('dinoscope')
    .description('See what a self-supervised vision transformer sees in your own images.')
    .version(findAppFolders().version)
    .exitOverride()
    .addHelpText('after', '\nExit status: 0 done, 1 failed, 2 wrong usage, 75 busy, 130 cancelled.')
  // Sub-commands take the settings of the program, so these come first.
  program.showHelpAfterError('(dinoscope --help tells more)')

  addWorkspace(program.command('serve'))
    .description('the app in a browser: on this machine alone, with a token in the address')
    .option('--port <n>', 'port; by default any free one', wholeNumber(0, 65_535), 0)
    .option('--root <dir>', 'only folders and model files below this one can be opened')
    .option('--open', 'open it in the browser')
    .action((options: ServeOptions) => finish({}, async (context) => (await import('./commands/serve')).serve(options, context)))

  addPrecision(addJson(addModel(program.command('inspect'))))
    .description('attention per head, PCA, parts, the object, artefacts, depth and the raw arrays of pictures')
    .argument('<images...>', 'picture files')
    .requiredOption('--out <dir>', 'where the files go: into it for one picture, into a folder named after each for several')
    .option('--size <n>', 'the whole picture with a short edge of n pixels, or "native"; by default the evaluation crop of the model', pictureSize)
    .option('--tiled', 'a picture too large for one look in overlapping tiles; at its own size unless --size is given')
    .option('--head <file>', 'also depth or classes by a head: an official one (.pth), or the id of one of the workspace')
    .option('--max-depth <metres>', 'the largest depth of a head whose file does not say it', metres)
    .addHelpText('after', '\nFiles: attention-head-<h>.png, attention-mean.png, pca.png, segments.png, each with an -overlay.png; object-tokencut.png, object-lost.png, artefacts.png; tokens.npy, attention.npy, inspect.json with boxes and parts. With --head: depth.png (16 bits, millimetres, or 256ths of a metre beyond 65 m) and depth.npy in metres, or classes.png and classes.npy; each with an -overlay.png.')
    .action((images: readonly string[], options: InspectOptions & Json) => finish(options, async (context) => (await import('./commands/inspect')).inspect(images, options, context)))

  addPrecision(addJson(addModel(program.command('embed'))))
    .description('embeddings of every picture in a folder')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .requiredOption('--out <file>', 'a .csv, .parquet or .arrow file, or an .npy file that gets a .json with the names beside it')
    .addOption(new Option('--pool <kind>', 'which vector, or every patch token as a row').choices(['cls', 'mean', 'cls+mean', 'patches'] as const).default('cls' as const))
    .option('--size <n>', 'as for inspect', pictureSize)
    .option('--raw', 'leave names in a CSV as they are, even where a spreadsheet would read a formula')
    .addHelpText('after', '\nWith --workspace, vectors are kept in its index, and pictures that have some are not embedded again; patch tokens are kept in 64 dimensions of 8 bits, and written as they were kept.')
    .action((folder: string, options: EmbedOptions & Json) => finish(options, async (context) => (await import('./commands/embed')).embed(folder, options, context)))

  addPrecision(addJson(addModel(program.command('search'))))
    .description('the pictures of a folder most like a picture')
    .argument('<query>', 'picture file')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .option('--top <k>', 'how many', wholeNumber(1, 1_000_000), 10)
    .addOption(new Option('--pool <kind>', 'which vector').choices(['cls', 'mean', 'cls+mean'] as const).default('cls' as const))
    .option('--not <images...>', 'pictures that push away what looks like them')
    .addHelpText('after', '\nWith --workspace, vectors are kept in its index, and pictures that have some are not embedded again.')
    .action((query: string, folder: string, options: SearchOptions & Json) => finish(options, async (context) => (await import('./commands/search')).search(query, folder, options, context)))

  addJson(addModel(program.command('project')))
    .description('where each picture of a folder lies on a map that puts similar ones together')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .requiredOption('--out <file>', 'a .csv, .parquet or .arrow file, or an .npy file that gets a .json with the names beside it')
    .addOption(new Option('--method <how>', 'by neighbours, or by principal components').choices(['umap', 'pca'] as const).default('umap' as const))
    .option('--dims <n>', '2 for a flat map, 3 for one in space', wholeNumber(2, 3), 2)
    .addOption(new Option('--pool <kind>', 'which vector').choices(['cls', 'mean', 'cls+mean'] as const).default('cls' as const))
    .option('--neighbours <n>', 'UMAP: by how many nearest pictures the place of each is decided', wholeNumber(2, 200), 15)
    .option('--min-dist <n>', 'UMAP: how near pictures may lie that belong together, 0 to 1', zeroToOne, 0.1)
    .option('--seed <n>', 'UMAP: another seed lays them out another way', wholeNumber(0, 2 ** 32 - 1), 0)
    .option('--raw', 'leave names in a CSV as they are, even where a spreadsheet would read a formula')
    .addHelpText('after', '\nColumns: filename, x, y and, in space, z; centred, the longest extent 2. With --workspace, vectors are kept in its index, and pictures that have some are not embedded again.')
    .action((folder: string, options: ProjectOptions & Json) => finish(options, async (context) => (await import('./commands/project')).project(folder, options, context)))

  addJson(addModel(program.command('dedupe')))
    .description('groups of pictures that are the same, and which one of each to keep; nothing is deleted')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .addOption(new Option('--grade <how>', 'the same bytes, also the same picture encoded again, or also similar scenes').choices(['same', 'encoded', 'similar'] as const).default('encoded' as const))
    .option('--threshold <cosine>', 'how similar scenes must be', zeroToOne, 0.95)
    .addOption(new Option('--pool <kind>', 'which vector').choices(['cls', 'mean', 'cls+mean'] as const).default('cls' as const))
    .option('--prefer <folder>', 'keep what lies in this sub-folder; otherwise the largest picture, then the largest file')
    .option('--out <file>', 'a .csv file with all groups')
    .addHelpText('after', '\nWithout --model, pictures encoded again are told by their looks alone; similar scenes always need a model.')
    .action((folder: string, options: DedupeOptions & Json) => finish(options, async (context) => (await import('./commands/dedupe')).dedupe(folder, options, context)))

  addJson(addModel(program.command('curate')))
    .description('fewer and more varied pictures: without near-duplicates, as many of each kind')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .requiredOption('--target <n>', 'how many pictures to keep', wholeNumber(1, 10_000_000))
    .requiredOption('--out <file>', 'a .txt file with a name on each line, or a .csv file')
    .option('--clusters <k>', 'kinds to balance; by default the square root of the number of pictures', wholeNumber(1, 10_000))
    .option('--duplicates <cosine>', 'pictures at least this similar are one', zeroToOne, 0.96)
    .option('--seed <n>', 'another seed chooses others', wholeNumber(0, 2 ** 32 - 1), 0)
    .addOption(new Option('--pool <kind>', 'which vector').choices(['cls', 'mean', 'cls+mean'] as const).default('cls' as const))
    .option('--copy-to <dir>', 'copies what is kept into this folder too, with its sub-folders')
    .action((folder: string, options: CurateOptions & Json) => finish(options, async (context) => (await import('./commands/curate')).curate(folder, options, context)))

  addJson(addModel(program.command('segment')))
    .description('what the pictures of a folder are made of, without a label: the same segment is the same thing in all of them')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .requiredOption('--out <dir>', 'where the files go')
    .option('--k <n>', 'how many segments, or "auto"', countOrAuto, 'auto' as const)
    .addOption(new Option('--edges <how>', 'patches as they are, or brought to the edges of the pictures').choices(['raw', 'guided', 'bilateral'] as const).default('raw' as const))
    .option('--what <files>', 'masks, coco, csv, separated by commas', segmentFiles, ['masks', 'csv'] as const)
    .option('--seed <n>', 'another seed finds others where they are not clear', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--raw', 'leave names in a CSV as they are, even where a spreadsheet would read a formula')
    .addHelpText('after', '\nFiles: masks.zip with a PNG of labels for each picture and segments.json, or the PNGs themselves where they are few; segments.coco.json; segments.csv.')
    .action((folder: string, options: SegmentOptions & Json) => finish(options, async (context) => (await import('./commands/segment')).segment(folder, options, context)))

  addJson(addModel(program.command('depth')))
    .description('depth in metres of every picture of a folder')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .requiredOption('--head <file>', 'an official depth head (.pth), or the id of a head of the workspace')
    .requiredOption('--out <dir>', 'where the files go')
    .addOption(new Option('--format <kind>', '16-bit PNG in millimetres, NPY in metres, or a table of medians').choices(['png', 'npy', 'csv'] as const).default('png' as const))
    .option('--max-depth <metres>', 'the largest depth of a head whose file does not say it', metres)
    .action((folder: string, options: DepthOptions & Json) => finish(options, async (context) => (await import('./commands/depth')).depth(folder, options, context)))

  addJson(addModel(program.command('match')))
    .description('what of one picture is found in another: patches that are each other’s nearest')
    .argument('<left>', 'picture file')
    .argument('<right>', 'picture file')
    .requiredOption('--out <file>', 'a .png with both pictures and a line for each pair, or a .json with the pairs in pixels')
    .option('--top <n>', 'so many pairs at most, best first', wholeNumber(1, 10_000), 50)
    .option('--patch <x,y>', 'only what is most like this place of the left picture, in its pixels', pixelPlace)
    .option('--size <n>', 'as for inspect', pictureSize)
    .action((left: string, right: string, options: MatchOptions & Json) => finish(options, async (context) => (await import('./commands/match')).match(left, right, options, context)))

  addJson(addModel(program.command('propagate')))
    .description('what a mask marks on the first frame, in all frames of a folder')
    .argument('<frames>', 'folder with the frames, taken in the order of their names')
    .requiredOption('--mask <file>', 'labels of the first frame: a PNG of palette indices, of greys or of a colour for each label; 0 or black is background')
    .requiredOption('--out <dir>', 'where a PNG of labels for each frame goes')
    .option('--size <n>', 'short edge in pixels that frames are looked at with', wholeNumber(1, 16_384), 480)
    .option('--overlays', 'also the frames with their labels laid over them')
    .addHelpText('after', '\nFiles: a mask named after each frame, labels.json; overlays/ with --overlays. Masks have the size of their frame.')
    .action((frames: string, options: PropagateOptions & Json) => finish(options, async (context) => (await import('./commands/propagate')).propagate(frames, options, context)))

  addJson(addRuntime(addWorkspace(program.command('train'))))
    .description('train a backbone on the pictures of a folder')
    .argument('[folder]', 'folder with pictures, sub-folders included; with --resume it is known')
    .option('--out <run>', 'folder of the run; a new one is never written over an old one')
    .option('--recipe <file>', 'a recipe (YAML); it may be just "preset: NAME" and what it changes')
    .option('--preset <name>', 'a recipe that comes with the program')
    .option('--arch <size/patch>', 'for example ti/16', architecture)
    .addOption(new Option('--method <name>', 'which method').choices(['dino', 'dinov2', 'distill'] as const))
    .option('--teacher <model>', 'distill: the frozen model to learn from, a model or a run; else the recipe says')
    .option('--init <model>', 'weights to begin with: a model, a run, "scratch", or "auto" for pretrained ones that fit where there are some', 'auto')
    .option('--epochs <n>', 'how often through the pictures', wholeNumber(1, 1_000_000))
    .option('--steps <n>', 'how many steps instead', wholeNumber(1, 1_000_000_000))
    .option('--batch <n>', 'pictures in a step', wholeNumber(1, 65_536))
    .option('--name <name>', 'for people; by default after the folder of the run')
    .option('--resume', 'go on with the run in --out from its newest checkpoint')
    .option('--card', 'only try some steps, and say what the run would take and what may be hoped for')
    .addHelpText('after', '\nCtrl-C writes a checkpoint and stops; a second one stops at once.')
    .action((folder: string | undefined, options: TrainOptions & Json) => finish(options, async (context) => (await import('./commands/train')).train(folder, options, context)))

  const evaluation = program.command('eval').description('how good a model is on your own pictures')
  addJson(addEvaluation(evaluation.command('knn')))
    .description('accuracy of the nearest pictures in naming the class, where the parent folder is the class')
    .argument('<train>', 'folder with a folder of pictures for each class: those that are compared with')
    .argument('<test>', 'likewise: those whose class is guessed')
    .option('--k <n,…>', 'how many neighbours vote; several numbers are scored each', wholeNumbers(1, 10_000), [20])
    .action((train: string, test: string, options: EvalKnnOptions & Json) => finish(options, async (context) => (await import('./commands/eval')).evalKnn(train, test, options, context)))

  addJson(addEvaluation(evaluation.command('linear')))
    .description('accuracy of a linear classifier on frozen features, where the parent folder is the class')
    .argument('<train>', 'folder with a folder of pictures for each class: those that are learned from')
    .argument('<test>', 'likewise: those whose class is guessed')
    .addHelpText('after', '\nMultinomial logistic regression; how much it is held back (C) is chosen on a fifth of <train>, never on <test>.')
    .action((train: string, test: string, options: EvalOptions & Json) => finish(options, async (context) => (await import('./commands/eval-linear')).evalLinear(train, test, options, context)))

  addJson(addEvaluation(evaluation.command('retrieval')))
    .description('mean average precision of ranking pictures by similarity, where those in a folder of the same name are relevant')
    .argument('<folder>', 'folder with a folder of pictures for each class: those that are ranked')
    .argument('[queries]', 'likewise: those that are searched by; by default each picture of <folder> among all the others')
    .action((folder: string, queries: string | undefined, options: EvalOptions & Json) => finish(options, async (context) => (await import('./commands/eval-retrieval')).evalRetrieval(folder, queries, options, context)))

  addJson(addModel(program.command('compare')))
    .description('how alike two models see the pictures of a folder, and which pictures they put elsewhere')
    .argument('<folder>', 'folder with pictures, sub-folders included; where they make classes, k-NN accuracy is measured too')
    .requiredOption('--with <model>', 'the other model, named as for --model')
    .option('--k <n>', 'so many nearest pictures are compared', wholeNumber(1, 100), 10)
    .addOption(new Option('--pool <kind>', 'which vector').choices(['cls', 'mean', 'cls+mean'] as const).default('cls' as const))
    .option('--out <file>', 'a .csv with the overlap of each picture, those whose neighbours changed most first')
    .addHelpText('after', '\nColumns: filename, overlap (share of the nearest that both models agree on), gap (how much less alike, in cosine, it is to the nearest of the other). With --workspace, vectors are kept in its index, and pictures that have some are not embedded again.')
    .action((folder: string, options: CompareOptions & Json) => finish(options, async (context) => (await import('./commands/compare')).compare(folder, options, context)))

  addJson(addModel(program.command('probe')))
    .description('a few pictures of each class, and how well the model tells others by them; the parent folder is the class')
    .argument('<train>', 'folder with a folder of example pictures for each class')
    .argument('<test>', 'likewise: those whose class is guessed')
    .addOption(new Option('--method <method>', 'a weighted vote of the nearest examples, or a linear probe').choices(['knn', 'linear'] as const).default('linear' as const))
    .option('--limit <n>', 'only the first n pictures of each class', wholeNumber(1, 1_000_000_000))
    .option('--size <n>', 'as for inspect', pictureSize)
    .option('--out <file>', 'the test pictures with their classes (.csv), or the linear probe (.onnx), run before it gets its name')
    .action((train: string, test: string, options: ProbeOptions & Json) => finish(options, async (context) => (await import('./commands/probe')).probe(train, test, options, context)))

  addJson(addWorkspace(program.command('export')))
    .description('a model as one file for other programs, opened again and compared before it gets its name')
    .argument('[model]', 'a bundled model, an imported one, a run, or the path of anything that can be imported; by default the bundled one')
    .requiredOption('--to <file>', 'an .onnx file with everything inside, a .safetensors file, or a folder where it ends in a separator')
    .option('--size <HxW>', 'ONNX: pictures of this height and width alone, in pixels; by default any', heightByWidth)
    .addOption(new Option('--attention <which>', 'ONNX: of CLS to the patches in the last block (cls, the default), all rows of the last block, of all blocks, or none').choices(['cls', 'last', 'all', 'none'] as const))
    .addOption(new Option('--precision <width>', 'safetensors and model folders: each weight in 4 bytes, or rounded to 2; by default as it is stored').choices(['fp32', 'fp16'] as const))
    .option('--threads <n>', 'CPU threads of the check; by default all cores', wholeNumber(1, 1024))
    .addHelpText('after', '\nFiles: FILE.onnx with FILE.parity.json, the differences from the engine on the sample photos; FILE.onnx.data where the weights take more than 2 GB.')
    .action((model: string | undefined, options: ExportOptions & Json) => finish(options, async (context) => (await import('./commands/export')).exportTo(model, options, context)))

  const heads = program.command('heads').description('heads that tell depth or classes from the tokens of a backbone')
  addJson(addWorkspace(heads.command('list')))
    .description('the heads of the workspace')
    .action((options: WorkspaceOption & Json) => finish(options, async (context) => (await import('./commands/depth')).listWorkspaceHeads(options, context)))
  addJson(addWorkspace(heads.command('import')))
    .description('bring in an official head: linear or DPT depth, linear classes')
    .argument('<file>', '.pth or .safetensors')
    .option('--name <name>', 'for people; by default after the file')
    .option('--max-depth <metres>', 'the largest depth, where the name of the file does not say it', metres)
    .action((path: string, options: HeadOptions & Json) => finish(options, async (context) => (await import('./commands/depth')).importHead(path, options, context)))
  addJson(addModel(heads.command('train')))
    .description('a linear head for depth or classes, trained on pictures whose answer is known')
    .argument('<folder>', 'folder with pictures, sub-folders included')
    .requiredOption('--targets <dir>', 'for each picture by the same name: depth as 16-bit PNG in millimetres or NPY in metres, or a mask of class numbers as PNG')
    .addOption(new Option('--kind <kind>', 'what it tells').choices(['depth', 'classes'] as const).default('depth' as const))
    .option('--name <name>', 'for people', 'My head')
    .option('--epochs <n>', 'how often each picture is learned from', wholeNumber(1, 1000), 10)
    .option('--validation <share>', 'of the pictures, kept out to measure on', zeroToOne, 0.2)
    .option('--seed <n>', 'which are kept out, and the order of learning', wholeNumber(0, 2 ** 32 - 1), 1)
    .option('--out <dir>', 'where an ONNX file of it goes; it is kept in the workspace in any case')
    .action((folder: string, options: TrainHeadOptions & Json) => finish(options, async (context) => (await import('./commands/train-head')).trainHead(folder, options, context)))
  addJson(addWorkspace(heads.command('remove')))
    .description('remove a head')
    .argument('<id>', 'as "heads list" shows it')
    .action((id: string, options: WorkspaceOption & Json) => finish(options, async (context) => (await import('./commands/depth')).removeWorkspaceHead(id, options, context)))

  const models = program.command('models').description('the models there are')
  addJson(addWorkspace(models.command('list')))
    .description('bundled and imported models')
    .action((options: WorkspaceOption & Json) => finish(options, async (context) => (await import('./commands/models')).listModels(options, context)))
  addJson(addWorkspace(models.command('import')))
    .description('bring a model into the workspace')
    .argument('<path>', 'a .pth, .pt, .bin or .safetensors file, an .onnx file, a Hugging Face folder or a model folder')
    .option('--name <name>', 'by default after the file')
    .addOption(new Option('--key <network>', 'which network of a training checkpoint').choices(['teacher', 'student'] as const))
    .option('--output <name>', 'of an ONNX file of another maker: the output that is looked through')
    .option('--leading-tokens <n>', 'tokens before those of patches: CLS first, then registers', wholeNumber(0, 1000))
    .option('--mean <r,g,b>', 'taken from pixels of 0..1', threeNumbers)
    .option('--std <r,g,b>', 'that pixels are then divided by', threeNumbers)
    .option('--size <n>', 'edge of the square that pictures are embedded at, pixels', wholeNumber(1, 8192))
    .action((path: string, options: ImportOptions & Json) => finish(options, async (context) => (await import('./commands/models')).importIntoWorkspace(path, options, context)))
  addJson(addWorkspace(models.command('download')))
    .description('fetch an official model or head, and import it; without a name, list what there is')
    .argument('[name]', 'for example dinov2-vits14')
    .option('--mirror <url>', 'an address that stands for the official servers; by default DINOSCOPE_MIRROR')
    .action((name: string | undefined, options: DownloadOptions & Json) => finish(options, async (context) => (await import('./commands/download')).download(name, options, context)))
  addJson(addRuntime(addWorkspace(models.command('precision'))))
    .description('what a model is computed in: compare fewer bits with fp32 on your own pictures, then choose')
    .argument('[model]', 'as for --model elsewhere; by default the bundled one')
    .option('--measure <folder>', 'run up to 64 of its pictures through fp32 and the other precision in turns')
    .addOption(new Option('--precision <numbers>', 'what is measured; by default what the provider has').choices(['fp16', 'int8'] as const))
    .addOption(new Option('--use <numbers>', 'compute this model in it from now on, in the app and with --workspace; only what was measured and is near enough').choices(['fp32', 'fp16', 'int8'] as const))
    .action((model: string | undefined, options: PrecisionOptions & Json) => finish(options, async (context) => (await import('./commands/precision')).precision(model, options, context)))
  addJson(addWorkspace(models.command('remove')))
    .description('remove an imported model')
    .argument('<id>')
    .action((id: string, options: WorkspaceOption & Json) => finish(options, async (context) => (await import('./commands/models')).removeFromWorkspace(id, options, context)))

  addJson(addModel(program.command('doctor')))
    .description('what works on this machine, what does not and why, and how fast it is')
    .action((options: ModelOptions & Json) => finish(options, async (context) => (await import('./commands/doctor')).doctor(options, context)))

  addJson(addRuntime(program.command('bench')))
    .description('measure')
    .argument('[names...]', 'inference, training, library, index (a million vectors, many minutes), or all; the first three by default')
    .option('--count <n>', 'pictures of the library (100 000), or vectors of the index (1 000 000)', wholeNumber(1_000, 10_000_000))
    .action((names: readonly string[], options: BenchOptions & Json) => finish(options, async (context) => (await import('./commands/bench')).bench(names, options, context)))
  return program
}

try {
  await buildProgram().parseAsync()
} catch (error) {
  if (!(error instanceof CommanderError)) throw error
  // Help and version end this way too, with status 0; what is wrong with the command line has been printed.
  process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
}
