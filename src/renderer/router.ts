/** @file The screens. Hash history, because the page has no server of its own on the desktop. */
import { createRouter, createWebHashHistory } from 'vue-router'
import CompareView from './views/compare/CompareView.vue'
import FramesView from './views/frames/FramesView.vue'
import InspectorView from './views/inspector/InspectorView.vue'
import LabelsView from './views/labels/LabelsView.vue'
import LibraryView from './views/library/LibraryView.vue'
import MapView from './views/map/MapView.vue'
import MatchView from './views/match/MatchView.vue'
import ModelsView from './views/models/ModelsView.vue'
import RunView from './views/runs/RunView.vue'
import RunsView from './views/runs/RunsView.vue'
import SegmentsView from './views/segments/SegmentsView.vue'
import StructureView from './views/structure/StructureView.vue'
import TrainView from './views/train/TrainView.vue'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', name: 'library', component: LibraryView },
    { path: '/inspect/:imageId', name: 'inspector', component: InspectorView, props: true },
    { path: '/map', name: 'map', component: MapView },
    { path: '/structure', name: 'structure', component: StructureView },
    { path: '/match', name: 'match', component: MatchView },
    { path: '/compare', name: 'compare', component: CompareView },
    { path: '/frames', name: 'frames', component: FramesView },
    { path: '/segments', name: 'segments', component: SegmentsView },
    { path: '/labels', name: 'labels', component: LabelsView },
    { path: '/train', name: 'train', component: TrainView },
    { path: '/runs', name: 'runs', component: RunsView },
    {
      path: '/runs/:runId',
      name: 'run',
      component: RunView,
      props: ({ params, query }) => ({ runId: params['runId'], withId: typeof query['with'] === 'string' ? query['with'] : undefined }),
    },
    { path: '/models', name: 'models', component: ModelsView },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
