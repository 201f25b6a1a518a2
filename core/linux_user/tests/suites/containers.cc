// SPDX-License-Identifier: LGPL-2.1-or-later
// The standard library's containers, strings, threads and streams; the output is alike on all machines.
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <iostream>
#include <map>
#include <memory>
#include <numeric>
#include <regex>
#include <sstream>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

int main()
{
    std::map<std::string, int> counts;
    std::unordered_map<std::uint32_t, std::uint64_t> table;
    std::uint32_t x = 1;
    for (int i = 0; i < 20000; i++) {
        x = x * 1664525u + 1013904223u;
        counts[std::to_string(x >> 24)]++;
        table[x >> 16] += x;
    }
    std::cout << counts.size() << ' ' << counts["77"] << ' ' << table.size() << '\n';
    std::vector<std::uint32_t> v;
    for (auto &[key, value] : table)
        v.push_back(static_cast<std::uint32_t>(value ^ key));
    std::sort(v.begin(), v.end());
    std::cout << std::accumulate(v.begin(), v.end(), std::uint64_t{0}) << ' ' << v[v.size() / 2] << '\n';
    std::string text = "one 22 three 4444";
    std::cout << std::regex_replace(text, std::regex("[0-9]+"), "<$&>") << '\n';
    auto shared = std::make_shared<std::atomic<int>>(0);
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; i++)
        threads.emplace_back([shared] { for (int k = 0; k < 10000; k++) ++*shared; });
    for (auto &t : threads)
        t.join();
    std::ostringstream out;
    out << std::hex << *shared << ' ' << std::fixed << 2.0 / 3 << ' ' << 1e-300 * 1e300;
    std::cout << out.str() << '\n';
}
