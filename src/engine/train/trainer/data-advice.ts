/** @file What so many pictures and so much time can give, in plain words: neither a promise nor a discouragement. Pure. */
import type { FeasibilityCard } from '../../contract'

type Measured = Omit<FeasibilityCard, 'verdict' | 'advice'>
type Judgement = Pick<FeasibilityCard, 'verdict' | 'advice'>

export interface TrialFacts {
  readonly fromScratch: boolean
  readonly accumulate: number
  /** Share of a step's time spent waiting for pictures. */
  readonly waitShare: number
  /** Whether losses and gradients were numbers to the end of the trial. */
  readonly finite: boolean
}

/** One finding: how bad it is, and what to say. */
interface Finding {
  readonly verdict: FeasibilityCard['verdict']
  readonly say: string
}

/** Of the free memory, what a run may take before the system begins to swap. */
const memoryShare = 0.9
const checkpointsAtOnce = 3
const gigabyte = 1e9

const gigabytes = (bytes: number): string => `${(bytes / gigabyte).toPrecision(2)} GB`
const count = (value: number): string => value.toLocaleString('en-US')

/** Whether the run can be done on this machine at all. */
function machineFindings({ peakRssBytes, freeMemoryBytes, checkpointBytes, freeDiskBytes }: Measured, { finite }: TrialFacts): readonly Finding[] {
  const findings: Finding[] = []
  if (!finite) findings.push({ verdict: 'poor', say: 'The loss was not a finite number within the trial. Lower optimiser.lr or lengthen its warm-up.' })
  if (peakRssBytes > memoryShare * freeMemoryBytes)
    findings.push({ verdict: 'poor', say: `It takes ${gigabytes(peakRssBytes)} of memory and ${gigabytes(freeMemoryBytes)} are free. Make the batch smaller and run.accumulate larger, or set run.recompute_activations.` })
  if (checkpointsAtOnce * checkpointBytes > freeDiskBytes)
    findings.push({ verdict: 'poor', say: `Three checkpoints of ${gigabytes(checkpointBytes)} are needed at a time and the disk has ${gigabytes(freeDiskBytes)} free. Free some space first.` })
  return findings
}

/** What the number of pictures can teach. Source: continued training pays from some ten thousand pictures on; DINO was published on 1.3 million. */
function dataFindings({ images, stepsTotal, batch, teacher, summary }: Measured, { fromScratch, accumulate }: TrialFacts): readonly Finding[] {
  const views = Math.round((stepsTotal * batch * accumulate) / images)
  if (teacher !== undefined) return teacherFindings(images, views, teacher, summary.backboneParameters)
  const findings: Finding[] = []
  if (fromScratch) {
    if (images < 1000) findings.push({ verdict: 'poor', say: `${count(images)} pictures from scratch teach colours and textures at most. Continue from pretrained weights, or use the pretrained model as it is.` })
    else if (images < 10_000)
      findings.push({ verdict: 'doubtful', say: `${count(images)} pictures from scratch teach the look of these pictures: colours, textures, layout, useful neighbours. They do not teach objects; continuing from pretrained weights would.` })
    else if (images < 100_000) findings.push({ verdict: 'good', say: `${count(images)} pictures are enough to learn their kind of scenes from scratch. Expect less than from published models, which saw a million and more.` })
    else findings.push({ verdict: 'good', say: `${count(images)} pictures are in the range that DINO was made for.` })
    if (views < 20) findings.push({ verdict: 'doubtful', say: `Each picture is seen ${views === 0 ? 'less than once' : `about ${count(views)} times`}; from scratch a hundred times is usual. More epochs give more than anything else.` })
  } else if (images < 1000) findings.push({ verdict: 'doubtful', say: `With ${count(images)} pictures, pretrained weights have more to lose than to gain. Try the pretrained model as it is first, and compare.` })
  else if (images < 10_000)
    findings.push({ verdict: 'good', say: `${count(images)} pictures can move pretrained weights towards their kind of picture: a little, and only at a low rate. Compare with the model it began with.` })
  else findings.push({ verdict: 'good', say: `${count(images)} pictures are enough to make pretrained weights at home in them, where they differ from everyday photos.` })
  return findings
}

/** What a student can take from its teacher: on pictures like these at most what the teacher knows. */
function teacherFindings(images: number, views: number, { name, parameters }: NonNullable<Measured['teacher']>, studentParameters: number): readonly Finding[] {
  const findings: Finding[] = []
  if (parameters <= studentParameters)
    findings.push({ verdict: 'doubtful', say: `${name} has ${count(parameters)} parameters, no more than the student's ${count(studentParameters)}: there is nothing to gain but another architecture. Take a larger teacher or a smaller student.` })
  if (images < 1000) findings.push({ verdict: 'doubtful', say: `On ${count(images)} pictures the student learns what ${name} says of these and hardly of others.` })
  else findings.push({ verdict: 'good', say: `The student learns what ${name} says of ${count(images)} pictures: it comes near it on pictures like these, not beyond it. Compare both when it is done.` })
  if (views < 20) findings.push({ verdict: 'doubtful', say: `Each picture is seen ${views === 0 ? 'less than once' : `about ${count(views)} times`}; more epochs bring the student nearer to its teacher.` })
  return findings
}

/** How the time is spent. */
function timeFindings({ hours, batch, skipped, images }: Measured, { accumulate, waitShare }: TrialFacts): readonly Finding[] {
  const findings: Finding[] = []
  if (hours > 24 * 7) findings.push({ verdict: 'poor', say: `It would take ${Math.round(hours / 24)} days on this machine. Take a smaller model, smaller or fewer crops, or fewer epochs.` })
  else if (hours > 24) findings.push({ verdict: 'doubtful', say: `It would take ${(hours / 24).toFixed(1)} days. It can be stopped and resumed at any time; a finish-by time stops it by itself.` })
  if (waitShare > 0.3) findings.push({ verdict: 'good', say: `A third or more of the time is spent waiting for pictures (${Math.round(100 * waitShare)} %). More run.workers or a larger run.cache_gb help.` })
  if (batch * accumulate < 16) findings.push({ verdict: 'good', say: `${batch * accumulate} pictures a step make a noisy teacher; 32 or more learn more steadily. run.accumulate costs no memory.` })
  if (skipped.length > 0) findings.push({ verdict: 'good', say: `${count(skipped.length)} of the pictures that were tried cannot be read and are left out${skipped.length > images / 20 ? '; look at which, they are many' : ''}.` })
  return findings
}

const order = ['good', 'doubtful', 'poor'] as const

/** The worst finding is the verdict; findings come worst first. */
export function judge(measured: Measured, facts: TrialFacts): Judgement {
  const findings = [...machineFindings(measured, facts), ...dataFindings(measured, facts), ...timeFindings(measured, facts)]
  const rank = ({ verdict }: Finding): number => order.indexOf(verdict)
  const sorted = [...findings].sort((left, right) => rank(right) - rank(left))
  return { verdict: sorted[0]?.verdict ?? 'good', advice: sorted.map(({ say }) => say) }
}
