/** @file What may be done with a run, as menu entries and as commands: the same in the list and on the run's own page. */
import { Clock, Copy, Eye, FileText, GitFork, Pencil, RotateCcw, Scale, Trash2 } from '@lucide/vue'
import { shallowRef, type ShallowRef } from 'vue'
import { useRouter } from 'vue-router'
import { keptNetwork, type RunInfo } from '../../../engine/contract'
import type { MenuAction } from '../../components/ActionMenu.vue'
import { problemOf } from '../../services/problem'
import { canResume, compareLabel, hasWeights, isLive, startModel } from '../../services/run-text'
import { exportUrl } from '../../services/urls'
import { useLibraryStore } from '../../stores/library'
import { useModelsStore } from '../../stores/models'
import { useNoticesStore } from '../../stores/notices'
import { useRunsStore } from '../../stores/runs'
import { useTrainStore } from '../../stores/train'

/** A dialog about a run that is open. */
export interface RunDialog {
  readonly kind: 'rename' | 'delete' | 'finish-by'
  readonly run: RunInfo
}

export interface RunActions {
  readonly dialog: ShallowRef<RunDialog | undefined>
  /** The entries of a run's menu; those that its state does not allow are greyed, so that the menu keeps its form. */
  menu(run: RunInfo): readonly MenuAction[]
  choose(id: string, run: RunInfo): void
  /** Shows the pictures through the run's teacher, of a distillation through its student. */
  look(run: RunInfo, checkpoint: 'newest' | 'best'): Promise<void>
  /** Opens the comparison of the run's teacher with the model it began with. */
  compare(run: RunInfo): Promise<void>
}

export function useRunActions(): RunActions {
  const runs = useRunsStore()
  const train = useTrainStore()
  const library = useLibraryStore()
  const models = useModelsStore()
  const notices = useNoticesStore()
  const router = useRouter()
  const dialog = shallowRef<RunDialog>()

  const menu = (run: RunInfo): readonly MenuAction[] => {
    const best = run.checkpoints.find((checkpoint) => checkpoint.best)
    const hasOtherBest = best !== undefined && best.step !== run.checkpoints.at(-1)?.step
    return [
      ...(isLive(run) ? [] : [{ id: 'resume', label: 'Resume this run', hint: 'Goes on exactly where its newest checkpoint left off', icon: RotateCcw, disabled: !canResume(run) }]),
      { id: 'fork', label: 'New run from these weights', hint: `Plans another run that begins with its ${keptNetwork(run.summary)}`, icon: GitFork, disabled: !hasWeights(run) },
      { id: 'look', label: `Look at my images with its ${keptNetwork(run.summary)}`, icon: Eye, disabled: !hasWeights(run) },
      ...(hasOtherBest ? [{ id: 'look-best', label: `Look with the best checkpoint, step ${best.step}`, icon: Eye }] : []),
      { id: 'compare', label: compareLabel(run), hint: 'Whether the training has helped, by your own pictures', icon: Scale, disabled: !hasWeights(run) },
      { id: 'report', label: 'Morning report', hint: 'Curves, pictures and what to do next, as one HTML file', icon: FileText, disabled: !run.hasReport },
      ...(isLive(run) ? [{ id: 'finish-by', label: 'Finish by…', icon: Clock }] : []),
      { id: 'rename', label: 'Rename…', icon: Pencil },
      { id: 'copy', label: 'Copy its recipe', icon: Copy },
      { id: 'delete', label: 'Delete…', icon: Trash2, danger: true, disabled: isLive(run) },
    ]
  }

  const look = async (run: RunInfo, checkpoint: 'newest' | 'best'): Promise<void> => {
    const model = await runs.lookThrough(run, checkpoint)
    if (model === undefined) return
    notices.show('done', `You are looking through ${model.name}.`)
    if (library.library === undefined && library.state.phase !== 'opening') {
      await router.push('/')
      await library.open(run.source)
      return
    }
    const imageId = library.activeId
    await router.push(imageId === undefined ? '/' : { name: 'inspector', params: { imageId } })
  }
  const compare = async (run: RunInfo): Promise<void> => {
    const teacher = await runs.takeTeacher(run, 'newest')
    if (teacher === undefined) return
    const start = startModel(run, models.models)
    await router.push({ path: '/compare', query: { ...(start === undefined ? {} : { a: start.id }), b: teacher.id } })
    if (library.library === undefined && library.state.phase !== 'opening') await library.open(run.source)
  }
  const fork = async (run: RunInfo): Promise<void> => {
    try {
      await train.fork(run)
      await router.push('/train')
    } catch (error) {
      notices.show('problem', `The recipe of ${run.name} could not be read: ${problemOf(error).message}`)
    }
  }
  const copyRecipe = async (run: RunInfo): Promise<void> => {
    try {
      await navigator.clipboard.writeText(await runs.recipeOf(run.id))
      notices.show('done', 'The recipe is on the clipboard.')
    } catch (error) {
      notices.show('problem', `The recipe could not be copied: ${problemOf(error).message}`)
    }
  }
  const report = async (run: RunInfo): Promise<void> => {
    const answer = await runs.report(run)
    if (answer === undefined) return
    const link = document.createElement('a')
    link.href = exportUrl(answer.exportId, answer.name)
    link.download = answer.name
    link.click()
  }

  const choose = (id: string, run: RunInfo): void => {
    switch (id) {
      case 'resume':
        void runs.resume(run)
        return
      case 'fork':
        void fork(run)
        return
      case 'look':
        void look(run, 'newest')
        return
      case 'look-best':
        void look(run, 'best')
        return
      case 'compare':
        void compare(run)
        return
      case 'report':
        void report(run)
        return
      case 'copy':
        void copyRecipe(run)
        return
      case 'rename':
      case 'delete':
      case 'finish-by':
        dialog.value = { kind: id, run }
        return
      default:
        throw new Error(`useRunActions: ${id} is no action`)
    }
  }
  return { dialog, menu, choose, look, compare }
}
