package tensor

import (
	"fmt"
	"runtime"
	"strconv"
	"strings"
)

// Shape is the list of a value's extents: empty for a scalar, one extent for a
// vector, two (rows, columns) for a matrix.
type Shape []int

// Size is the number of elements of a value of this shape.
func (s Shape) Size() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

// Equal reports whether two shapes have the same extents.
func (s Shape) Equal(t Shape) bool {
	if len(s) != len(t) {
		return false
	}
	for i := range s {
		if s[i] != t[i] {
			return false
		}
	}
	return true
}

// String writes the shape as (2,3).
func (s Shape) String() string {
	parts := make([]string, len(s))
	for i, d := range s {
		parts[i] = strconv.Itoa(d)
	}
	return "(" + strings.Join(parts, ",") + ")"
}

// Error is a mistake in a traced function: shapes that do not fit an operation,
// or a name that does not exist.
type Error struct {
	Operation string // the operation that was asked for
	Message   string // what was wrong
	Position  string // file:line of the caller, if known
}

// Error says what was wrong, where, and in which operation.
func (e *Error) Error() string {
	message := e.Operation + ": " + e.Message
	if e.Position != "" {
		message = e.Position + ": " + message
	}
	return message
}

// Fail stops the trace of a function with an [*Error], which [Trace] returns.
// Packages that offer traced views (a tree program's, say) use it for unknown
// names, so that all mistakes of a traced function come back the same way.
func Fail(operation, format string, arguments ...any) {
	panic(&Error{Operation: operation, Message: fmt.Sprintf(format, arguments...), Position: callerPosition()})
}

// callerPosition is the first frame outside this package and outside packages
// of hxgpu that trace on behalf of a caller.
func callerPosition() string {
	var counters [32]uintptr
	frames := runtime.CallersFrames(counters[:runtime.Callers(3, counters[:])])
	for {
		frame, more := frames.Next()
		inside := strings.HasPrefix(frame.Function, "github.com/hxgpu/hxgpu/tensor.") ||
			strings.HasPrefix(frame.Function, "github.com/hxgpu/hxgpu/tree.")
		if frame.File != "" && (!inside || strings.HasSuffix(frame.File, "_test.go")) {
			return frame.File[strings.LastIndexByte(frame.File, '/')+1:] + ":" + strconv.Itoa(frame.Line)
		}
		if !more {
			return ""
		}
	}
}

// Trace calls function and returns the [*Error] that it stopped with, if any.
// Other panics pass through: they are not mistakes of shape.
func Trace(function func()) (err error) {
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(*Error)
			if !ok {
				panic(r)
			}
			err = e
		}
	}()
	function()
	return nil
}
