import { runFolders } from './run-folders.js'

await runFolders('io', 'sessions', 'endpoint', 'simulator', 'types')
