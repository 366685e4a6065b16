/** One program for the page and for its worker, so that the file holds the library once. */
void ('document' in globalThis ? import('./page.js') : import('./worker.js'))
