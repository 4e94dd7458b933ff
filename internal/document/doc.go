// Package document writes a page of HTML that needs nothing else: no network, no script,
// no other file. Style stands in the page, pictures are data URIs. It reads on a desktop
// and a phone, in light and dark, and prints.
//
// A page is a list of sections of facts, tables, figures, warnings and terms; what
// stands in them is the caller's. The HTML is well-formed XML too, so that simple
// programs can take numbers out of it.
package document
