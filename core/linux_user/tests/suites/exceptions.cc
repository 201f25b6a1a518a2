// SPDX-License-Identifier: LGPL-2.1-or-later
// Exceptions: thrown through frames with destructors, across threads, nested, of types told apart at run time.
#include <exception>
#include <future>
#include <iostream>
#include <stdexcept>
#include <string>

static int alive;

struct Guard {
    Guard() { alive++; }
    ~Guard() { alive--; }
};

static int deep(int n, int kind)
{
    Guard g;
    if (n)
        return deep(n - 1, kind) + 1;
    switch (kind) {
    case 0: throw std::out_of_range("range");
    case 1: throw 42;
    case 2: throw std::string("text");
    default: return 0;
    }
}

struct Base { virtual ~Base() = default; };
struct Left : virtual Base {};
struct Right : virtual Base {};
struct Both : Left, Right {};

int main()
{
    int n = 0;
    for (int i = 0; i < 2000; i++) {
        try {
            n += deep(i % 20, i % 4);
        } catch (const std::logic_error &e) {
            n += static_cast<int>(std::string(e.what()).size());
        } catch (int x) {
            n += x;
        } catch (...) {
            n += 1000;
        }
    }
    std::cout << n << ' ' << alive << '\n';
    auto f = std::async(std::launch::async, [] { return deep(3, 0); });
    try {
        f.get();
    } catch (const std::exception &e) {
        std::cout << e.what() << ' ' << alive << '\n';
    }
    try {
        try {
            deep(1, 1);
        } catch (int) {
            std::throw_with_nested(std::runtime_error("outer"));
        }
    } catch (const std::exception &e) {
        try {
            std::rethrow_if_nested(e);
        } catch (int x) {
            std::cout << e.what() << ' ' << x << '\n';
        }
    }
    Both b;
    Base *base = &b;
    std::cout << (dynamic_cast<Right *>(base) != nullptr) << (dynamic_cast<std::exception *>(base) != nullptr) << '\n';
    try {
        throw b;
    } catch (Right &) {
        std::cout << "right\n";
    }
}
