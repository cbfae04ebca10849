import t from 'tap'
import { runFolders } from './run-folders.js'

t.jobs = 3 // most of them wait for processes

await runFolders('examples')
