/** Entry point of both the page and its worker, so that the file contains the library once. */
void ('document' in globalThis ? import('./page.js') : import('./worker.js'))
