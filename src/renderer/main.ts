/** @file Entry of the page: styles, the connection to the engine, then the app. */
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import './styles/surfaces.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import App from './App.vue'
import { router } from './router'
import { openConnection, provideConnection } from './services/client'

provideConnection(openConnection())
createApp(App).use(createPinia()).use(router).mount('#app')
