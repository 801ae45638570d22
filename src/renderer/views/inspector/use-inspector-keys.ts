/** @file The keys of the inspector, each tied to what a button or slider also does. */
import { useKeys } from '../../composables/use-keys'
import { useInspectorStore } from '../../stores/inspector'
import { layerIndex } from '../../stores/inspector-view'

export interface InspectorCommands {
  readonly back: () => void
  readonly step: (by: -1 | 1) => void
  readonly save: () => void
  readonly toggleInfo: () => void
  readonly zoomBy: (factor: number) => void
  readonly fit: () => void
  readonly toggleActualSize: () => void
  readonly toggleEdges: () => void
}

const zoomStep = 1.35

export function useInspectorKeys(commands: InspectorCommands): void {
  const inspector = useInspectorStore()

  const moveLayer = (by: number): void => {
    if (inspector.state.phase !== 'ready') return
    const { analysis } = inspector.state
    const layer = Math.min(analysis.layers - 1, Math.max(0, layerIndex(inspector.view, analysis) + by))
    inspector.change({ layer: layer === analysis.layers - 1 ? 'last' : layer })
  }
  const moveHead = (by: number): void => {
    if (inspector.state.phase !== 'ready') return
    const { heads } = inspector.state.analysis
    const place = inspector.view.head === 'mean' ? 0 : inspector.view.head + 1
    const next = Math.min(heads, Math.max(0, place + by))
    inspector.change({ head: next === 0 ? 'mean' : next - 1 })
  }
  const zoomIn = (): void => {
    commands.zoomBy(zoomStep)
  }

  useKeys({
    Escape: commands.back,
    ArrowLeft: () => {
      commands.step(-1)
    },
    ArrowRight: () => {
      commands.step(1)
    },
    'Alt+ArrowLeft': () => {
      inspector.movePatch(-1, 0)
    },
    'Alt+ArrowRight': () => {
      inspector.movePatch(1, 0)
    },
    'Alt+ArrowUp': () => {
      inspector.movePatch(0, -1)
    },
    'Alt+ArrowDown': () => {
      inspector.movePatch(0, 1)
    },
    1: () => {
      inspector.change({ mode: 'attention' })
    },
    2: () => {
      inspector.change({ mode: 'pca' })
    },
    3: () => {
      inspector.change({ mode: 'similarity' })
    },
    4: () => {
      inspector.change({ mode: 'parts' })
    },
    5: () => {
      inspector.change({ mode: 'object' })
    },
    6: () => {
      inspector.change({ mode: 'depth' })
    },
    R: commands.toggleEdges,
    C: () => {
      inspector.change({ query: 'cls' })
    },
    '[': () => {
      moveLayer(-1)
    },
    ']': () => {
      moveLayer(1)
    },
    ',': () => {
      moveHead(-1)
    },
    '.': () => {
      moveHead(1)
    },
    '+': zoomIn,
    '=': zoomIn,
    '-': () => {
      commands.zoomBy(1 / zoomStep)
    },
    0: commands.fit,
    Z: commands.toggleActualSize,
    I: commands.toggleInfo,
    'Mod+S': commands.save,
  })
}
