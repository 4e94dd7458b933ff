//go:build cgo

// What the vulkan-go package lacks (structures newer than its headers, messages
// of layers) and what its wrappers do with memory of their own at every call
// (arrays of structures). Layouts are those of the Vulkan specification.

#ifndef HXGPU_NATIVE_H
#define HXGPU_NATIVE_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#if defined(_WIN32)
#define HX_CALL __stdcall
#else
#define HX_CALL
#endif

typedef void *HxObject;    // a dispatchable handle: instance, device, queue, command buffer
typedef uint64_t HxHandle; // any other handle
typedef int32_t HxResult;  // VkResult
typedef void(HX_CALL *HxFunction)(void);
typedef HxFunction(HX_CALL *HxLookup)(HxObject, const char *);

// HxStep is one dispatch of a command buffer.
typedef struct {
	HxHandle pipeline, layout, set; // set is 0 if nothing is bound
	uint32_t x, y;                  // workgroups
	uint32_t first, count;          // push constants
	uint32_t barrier;               // wait for what comes before
} HxStep;

// HxDescriptor is a range of a buffer for one binding of a set.
typedef struct {
	HxHandle set, buffer;
	uint64_t offset, range;
	uint32_t binding;
} HxDescriptor;

// HxSpecialization is the value of a specialisation constant.
typedef struct {
	uint32_t id, value;
} HxSpecialization;

// HxDetails are properties that need vkGetPhysicalDeviceProperties2.
typedef struct {
	uint32_t subgroup;                     // lanes, 0 if unknown
	uint32_t preserve32, preserve64;       // signed zeros, infinities and NaNs are kept
	uint64_t maxAllocation;                // bytes, 0 if unknown
	char driverName[256], driverInfo[256]; // empty if unknown
} HxDetails;

// HxTable holds the functions of a device.
typedef struct {
	HxResult(HX_CALL *createDescriptorSetLayout)(HxObject, const void *, const void *, HxHandle *);
	HxResult(HX_CALL *createDescriptorPool)(HxObject, const void *, const void *, HxHandle *);
	HxResult(HX_CALL *createPipelineLayout)(HxObject, const void *, const void *, HxHandle *);
	HxResult(HX_CALL *createComputePipelines)(HxObject, HxHandle, uint32_t, const void *, const void *, HxHandle *);
	void(HX_CALL *updateDescriptorSets)(HxObject, uint32_t, const void *, uint32_t, const void *);
	HxResult(HX_CALL *queueSubmit)(HxObject, uint32_t, const void *, HxHandle);
	HxResult(HX_CALL *waitForFences)(HxObject, uint32_t, const HxHandle *, uint32_t, uint64_t);
	HxResult(HX_CALL *resetFences)(HxObject, uint32_t, const HxHandle *);
	HxResult(HX_CALL *beginCommandBuffer)(HxObject, const void *);
	HxResult(HX_CALL *endCommandBuffer)(HxObject);
	void(HX_CALL *cmdPipelineBarrier)(HxObject, uint32_t, uint32_t, uint32_t, uint32_t, const void *, uint32_t, const void *, uint32_t, const void *);
	void(HX_CALL *cmdCopyBuffer)(HxObject, HxHandle, HxHandle, uint32_t, const void *);
	void(HX_CALL *cmdFillBuffer)(HxObject, HxHandle, uint64_t, uint64_t, uint32_t);
	void(HX_CALL *cmdBindPipeline)(HxObject, uint32_t, HxHandle);
	void(HX_CALL *cmdBindDescriptorSets)(HxObject, uint32_t, HxHandle, uint32_t, uint32_t, const HxHandle *, uint32_t, const uint32_t *);
	void(HX_CALL *cmdPushConstants)(HxObject, HxHandle, uint32_t, uint32_t, uint32_t, const void *);
	void(HX_CALL *cmdDispatch)(HxObject, uint32_t, uint32_t, uint32_t);
	void(HX_CALL *cmdResetQueryPool)(HxObject, HxHandle, uint32_t, uint32_t);
	void(HX_CALL *cmdWriteTimestamp)(HxObject, uint32_t, HxHandle, uint32_t);
	HxResult(HX_CALL *setObjectName)(HxObject, const void *); // null without VK_EXT_debug_utils
} HxTable;

// Instances and adapters.
uint32_t hxInstanceVersion(HxLookup lookup);
HxResult hxInstanceExtensions(HxLookup lookup, const char *layer, uint32_t *count, void *properties);
HxResult hxInstanceLayers(HxLookup lookup, uint32_t *count, void *properties);
HxResult hxCreateInstance(HxLookup lookup, uint32_t version, const char **layers, uint32_t layerCount,
	const char **extensions, uint32_t extensionCount, uint32_t portability, uint32_t synchronization, HxObject *instance);
HxResult hxCreateMessenger(HxLookup lookup, HxObject instance, uintptr_t user, HxHandle *messenger);
void hxDestroyMessenger(HxLookup lookup, HxObject instance, HxHandle messenger);
HxResult hxDeviceExtensions(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t *count, void *properties);
void hxQueueFamilies(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t *count, void *properties);
void hxDetails(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t core11, uint32_t floatControls, uint32_t driver, HxDetails *details);

// Devices.
HxResult hxCreateDevice(HxLookup lookup, HxObject instance, HxObject adapter, uint32_t family,
	const char **extensions, uint32_t extensionCount, uint32_t robust, uint32_t float64, HxObject *device);
int hxLoadTable(HxLookup lookup, HxObject instance, HxObject device, uint32_t names, HxTable *table);
void hxSetName(const HxTable *t, HxObject device, uint32_t kind, HxHandle object, const char *name);

// Pipelines.
HxResult hxCreateSetLayout(const HxTable *t, HxObject device, uint32_t bindings, HxHandle *layout);
HxResult hxCreateSetPool(const HxTable *t, HxObject device, uint32_t sets, uint32_t descriptors, HxHandle *pool);
HxResult hxCreatePipelineLayout(const HxTable *t, HxObject device, HxHandle set, uint32_t pushBytes, HxHandle *layout);
HxResult hxCreatePipeline(const HxTable *t, HxObject device, HxHandle cache, HxHandle layout, HxHandle module,
	const HxSpecialization *values, uint32_t count, HxHandle *pipeline);
void hxUpdateDescriptors(const HxTable *t, HxObject device, const HxDescriptor *descriptors, uint32_t count);

// Commands.
HxResult hxRecordSteps(const HxTable *t, HxObject commands, const HxStep *steps, uint32_t count, HxHandle queries, uint32_t firstQuery);
HxResult hxRecordCopy(const HxTable *t, HxObject commands, HxHandle from, uint64_t fromOffset, HxHandle to, uint64_t toOffset, uint64_t size);
HxResult hxRecordZero(const HxTable *t, HxObject commands, HxHandle buffer, uint64_t offset, uint64_t size);
HxResult hxSubmit(const HxTable *t, HxObject queue, const HxObject *commands, uint32_t count, HxHandle fence);
HxResult hxWait(const HxTable *t, HxObject device, HxHandle fence);

#endif
