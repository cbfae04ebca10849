import t from 'tap'
import { nearest } from '../../bin/nearest.js'

const COMMANDS = ['discover', 'ping', 'token', 'doctor', 'demo', 'bench']

t.test('letters that are missing, too many, wrong or swapped are forgiven', async (t) => {
  for (const [typed, meant] of [
    ['pign', 'ping'],
    ['pin', 'ping'],
    ['discovre', 'discover'],
    ['dicsover', 'discover'],
    ['tokens', 'token'],
    ['docter', 'doctor'],
  ] as const)
    t.equal(nearest(typed, COMMANDS), meant)
})

t.test('what is far from everything has no neighbour', async (t) => {
  t.equal(nearest('frobnicate', COMMANDS), undefined)
  t.equal(nearest('', COMMANDS), undefined)
  t.equal(nearest('ping', []), undefined)
})
