// @ts-check
/* The same for agents, and keys. */
import './app.js';
import { keys } from './_keys.js';

keys();
