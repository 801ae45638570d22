/** @file The three screens. Hash history, because the page has no server of its own on the desktop. */
import { createRouter, createWebHashHistory } from 'vue-router'
import InspectorView from './views/inspector/InspectorView.vue'
import LibraryView from './views/library/LibraryView.vue'
import ModelsView from './views/models/ModelsView.vue'

export const router = createRouter({
  history: createWebHashHistory(),
  routes: [
    { path: '/', name: 'library', component: LibraryView },
    { path: '/inspect/:imageId', name: 'inspector', component: InspectorView, props: true },
    { path: '/models', name: 'models', component: ModelsView },
    { path: '/:rest(.*)*', redirect: '/' },
  ],
})
